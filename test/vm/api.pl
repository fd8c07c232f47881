# In the virtual machine, which has no curl and no Docker: asks the Engine API at lighter's socket, and prints the status and what
# is answered. perl api.pl METHOD PATH [JSON | @FILE]; with HALF=MARK only half of the file is sent: MARK is made then, and no more
# comes until somebody ends this.
use strict;
use warnings;
use IO::Socket::UNIX;

$SIG{PIPE} = 'IGNORE';
my ($method, $path, $body) = (@ARGV, '');
my $socket = IO::Socket::UNIX->new("$ENV{XDG_RUNTIME_DIR}/lighter/docker.sock") or die "no connection: $!\n";
my $type = 'application/json';
if ($body =~ s/^@//) {
  $type = 'application/x-tar';
  open my $file, '<:raw', $body or die "$body: $!\n";
  local $/;
  $body = <$file>;
}
print $socket "$method $path HTTP/1.0\r\nContent-Type: $type\r\nContent-Length: ", length $body, "\r\n\r\n";
print $socket substr $body, 0, defined $ENV{HALF} ? length($body) / 2 : length $body;
$socket->flush;
if (defined $ENV{HALF}) {
  open my $mark, '>', $ENV{HALF} or die "$ENV{HALF}: $!\n";
  close $mark;
}

my $status = <$socket> // die "no answer\n";
print $status =~ /^HTTP\S+ (\d+)/, "\n";
while (<$socket>) { last if /^\r?\n$/ }
$| = 1;
print while <$socket>;
print "\n";
