# In the virtual machine: a registry at 127.0.0.1:5000 with the one image of an OCI layout, by any name. perl registry.pl LAYOUT;
# while a file LAYOUT/stall is there, blobs of more than 4 MiB stop halfway: LAYOUT/stalled is made then.
use strict;
use warnings;
use IO::Socket::INET;

my ($layout) = @ARGV;
$SIG{CHLD} = 'IGNORE';
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1:5000', Listen => 16, ReuseAddr => 1) or die "no socket: $!\n";
while (1) {
  my $client = $server->accept or next;
  my $pid = fork // die "no process: $!\n";
  answer($client) or exit if $pid == 0;
}

sub content {
  open my $file, '<:raw', "$layout/$_[0]" or return;
  local $/;
  return scalar <$file>;
}

sub answer {
  my ($client) = @_;
  my ($method, $path) = (<$client> // '') =~ /^(\S+) (\S+)/ or return;
  while (<$client>) { last if /^\r?\n$/ }
  my ($kind, $name) = $path =~ m{^/v2/[a-z]+/(manifests|blobs)/([\w:.]+)$};
  my ($digest, $type) = content('index.json') =~ /"digest":"(sha256:\w+)"/ ? ($1, 'application/vnd.oci.image.manifest.v1+json') : die;
  $digest = $name if defined $name && $name =~ /^sha256:/;
  $type = 'application/octet-stream' if ($kind // '') ne 'manifests';
  my $body = $path eq '/v2/' ? '{}' : defined $kind ? content('blobs/' . $digest =~ s{:}{/}r) : undef;
  my $status = defined $body ? '200 OK' : '404 Not Found';
  $body //= '{}';
  print $client "HTTP/1.1 $status\r\nContent-Type: $type\r\nContent-Length: ", length $body, "\r\nConnection: close\r\n",
    $kind ? "Docker-Content-Digest: $digest\r\n" : '', "\r\n";
  return if $method eq 'HEAD';
  my $stalls = length $body > 4 << 20 && -e "$layout/stall";
  print $client substr $body, 0, $stalls ? length($body) / 2 : length $body;
  $client->flush;
  return unless $stalls;
  open my $mark, '>', "$layout/stalled" or die "$layout/stalled: $!\n";
  close $mark;
  sleep;
}
