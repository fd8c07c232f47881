"""What users of Docker's Python library do, against the engine of DOCKER_HOST. The only image is busybox:latest."""

import io
import os
import socket
import tarfile
import threading
import time
import unittest

import docker
from docker.errors import APIError, BuildError, ContainerError, ImageNotFound, NotFound

client = docker.from_env(timeout=120)
IMAGE = "busybox:latest"


def archive(**files):
    """A tar archive of these files, as bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(text)
            info.mode = 0o644
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


class System(unittest.TestCase):
    def test_ping_version_info(self):
        self.assertTrue(client.ping())
        self.assertIn("ApiVersion", client.version())
        self.assertIn("Containers", client.info())
        self.assertIn("LayersSize", client.df())

    def test_events(self):
        seen = []
        events = client.events(decode=True, filters={"event": "create", "type": "container"})
        thread = threading.Thread(target=lambda: seen.append(next(iter(events))))
        thread.start()
        while not seen:
            client.containers.create(IMAGE, name="told").remove()
            time.sleep(0.2)
        thread.join()
        events.close()
        self.assertEqual(seen[0]["Actor"]["Attributes"]["name"], "told")


class Containers(unittest.TestCase):
    def test_run_and_output(self):
        self.assertEqual(client.containers.run(IMAGE, ["echo", "hello"], remove=True), b"hello\n")
        with self.assertRaises(ContainerError) as failed:
            client.containers.run(IMAGE, ["sh", "-c", "echo bad >&2; exit 3"], remove=True)
        self.assertEqual(failed.exception.exit_status, 3)
        self.assertEqual(failed.exception.stderr, b"bad\n")

    def test_life(self):
        box = client.containers.run(
            IMAGE,
            ["sleep", "1000"],
            name="life",
            detach=True,
            environment={"A": "b"},
            labels={"x": "y"},
            ports={"80/tcp": None},
            init=True,
        )
        try:
            box.reload()
            self.assertEqual(box.status, "running")
            self.assertEqual(box.labels["x"], "y")
            self.assertTrue(box.ports["80/tcp"][0]["HostPort"].isdigit())
            self.assertIn(box, client.containers.list(filters={"label": "x=y"}))
            code, out = box.exec_run(["sh", "-c", "echo $A; exit 2"])
            self.assertEqual((code, out), (2, b"b\n"))
            out, err = box.exec_run(["sh", "-c", "echo o; echo e >&2"], demux=True).output
            self.assertEqual((out, err), (b"o\n", b"e\n"))
            self.assertIn("sleep", " ".join(box.top()["Processes"][-1]))
            self.assertIn("memory_stats", box.stats(stream=False))
            box.pause()
            box.reload()
            self.assertEqual(box.status, "paused")
            box.unpause()
            box.rename("other")
            self.assertEqual(client.containers.get("other").id, box.id)
            box.restart(timeout=1)
            box.stop(timeout=1)
            self.assertIn("StatusCode", box.wait())
        finally:
            box.remove(force=True)
        with self.assertRaises(NotFound):
            client.containers.get("life")

    def test_logs(self):
        box = client.containers.run(IMAGE, ["sh", "-c", "echo o; echo e >&2"], detach=True)
        try:
            self.assertEqual(box.wait()["StatusCode"], 0)
            self.assertEqual(sorted(box.logs().split()), [b"e", b"o"])
            self.assertEqual(box.logs(stdout=True, stderr=False), b"o\n")
            self.assertEqual(list(box.logs(stream=True, stderr=False)), [b"o\n"])
        finally:
            box.remove()

    def test_attach(self):
        box = client.containers.create(IMAGE, ["cat"], stdin_open=True, tty=False)
        try:
            params = {"stdin": 1, "stdout": 1, "stream": 1}
            stream = box.attach_socket(params=params)
            raw = stream._sock
            box.start()
            raw.sendall(b"over there\n")
            raw.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := raw.recv(4096):
                answer += chunk
            self.assertEqual(answer, b"\x01\0\0\0\0\0\0\x0bover there\n")
            self.assertEqual(box.wait()["StatusCode"], 0)
        finally:
            box.remove(force=True)

    def test_archives(self):
        box = client.containers.create(IMAGE, ["true"])
        try:
            self.assertTrue(box.put_archive("/tmp", archive(a="one", d__b="two")))
            chunks, stat = box.get_archive("/tmp/d")
            self.assertEqual(stat["name"], "d")
            with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
                self.assertEqual(tar.extractfile("d/b").read(), b"two")
            self.assertIn({"Path": "/tmp/a", "Kind": 1}, box.diff())
            with self.assertRaises(NotFound):
                box.get_archive("/nosuch")
        finally:
            box.remove()

    def test_limits_and_mounts(self):
        volume = client.volumes.create("kept")
        try:
            mount = docker.types.Mount("/data", "kept")
            client.containers.run(IMAGE, "sh -c 'echo x > /data/f'", mounts=[mount], remove=True)
            out = client.containers.run(IMAGE, "cat /v/f", volumes={"kept": {"bind": "/v", "mode": "ro"}}, remove=True)
            self.assertEqual(out, b"x\n")
        finally:
            volume.remove()

    def test_prune(self):
        client.containers.run(IMAGE, "true", name="gone", detach=True).wait()
        self.assertTrue(client.containers.prune()["ContainersDeleted"])

    def test_wrong(self):
        with self.assertRaises(ImageNotFound):
            client.containers.create("nosuch.invalid/x:1")
        with self.assertRaises(APIError) as failed:
            client.containers.create(IMAGE, name="bad name")
        self.assertEqual(failed.exception.status_code, 400)
        with self.assertRaises(APIError):
            client.containers.run(IMAGE, ["nosuch"], remove=True)


class Images(unittest.TestCase):
    def test_build(self):
        text = 'FROM busybox\nARG WHO=me\nRUN echo "$WHO" > /who\nCOPY a /a\nCMD cat /who /a\n'
        context = io.BytesIO(archive(Dockerfile=text, a="file\n"))
        image, log = client.images.build(
            fileobj=context, custom_context=True, tag="built:1", buildargs={"WHO": "you"}, rm=True
        )
        self.assertIn("Successfully built", "".join(line.get("stream", "") for line in log))
        self.assertEqual(client.containers.run("built:1", remove=True), b"you\nfile\n")
        self.assertIn("built:1", image.tags)
        self.assertTrue(image.history())
        client.images.remove("built:1")

    def test_failing_build(self):
        with self.assertRaises(BuildError) as failed:
            client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN echo oh; false\n"))
        self.assertIn("returned a non-zero code: 1", str(failed.exception))

    def test_save_and_load(self):
        client.images.get(IMAGE).tag("copy", "1")
        whole = b"".join(client.images.get("copy:1").save(named="copy:1"))
        client.images.remove("copy:1")
        loaded = client.images.load(whole)
        self.assertEqual([image.tags for image in loaded][0][-1:], ["copy:1"])
        client.images.remove("copy:1")

    def test_pull_and_push(self):
        registry = os.environ["REGISTRY"]
        image = client.images.pull(f"{registry}/busybox", tag="latest")
        name = f"{registry}/python"
        image.tag(name, "1")
        lines = list(client.images.push(name, tag="1", stream=True, decode=True))
        self.assertTrue([line for line in lines if "aux" in line])
        self.assertTrue(client.images.get_registry_data(f"{name}:1").id.startswith("sha256:"))
        for tag in (f"{name}:1", f"{registry}/busybox:latest"):
            client.images.remove(tag)
        with self.assertRaises(NotFound):
            client.images.pull(f"{registry}/nosuch", tag="1")

    def test_commit(self):
        box = client.containers.run(IMAGE, "touch /made", detach=True)
        box.wait()
        image = box.commit("committed", "1", message="why", author="who")
        box.remove()
        self.assertEqual(client.containers.run("committed:1", "ls /made", remove=True), b"/made\n")
        client.images.remove(image.id, force=True)


class Networks(unittest.TestCase):
    def test_aliases(self):
        net = client.networks.create("lan", driver="bridge", labels={"a": "b"})
        server = client.containers.create(IMAGE, "nc -lp 7 -e echo found", name="server")
        try:
            net.connect(server, aliases=["other"])
            server.start()
            out = client.containers.run(IMAGE, "nc other 7", network="lan", remove=True)
            self.assertEqual(out, b"found\n")
            net.reload()
            self.assertEqual([n.name for n in client.networks.list(filters={"label": "a=b"})], ["lan"])
        finally:
            server.remove(force=True)
            net.remove()


if __name__ == "__main__":
    unittest.main()
