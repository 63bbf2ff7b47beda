"""Bundles come from the Hub whole, checked and of one commit; whatever goes wrong on the way is told in words."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from drawings import face
from trained import trained

import s2pzoo
from s2pzoo.cli.app import run
from s2pzoo.errors import (
    HubError,
    OfflineError,
    OutputError,
    PortMismatchError,
    Remark,
    UnknownComponentError,
    UsageError,
    WeightsCorruptError,
    WeightsMismatchError,
)
from s2pzoo.host.settings import Settings
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.testing.hub import LARGE, TOKEN, Hub
from s2pzoo.weights.hub import HubPlace, cached, pull

pytestmark = pytest.mark.usefixtures("tiny_surroundings")


@pytest.fixture
def bundle(tiny_surroundings: None, tmp_path: Path) -> Path:
    """A bundle of tiny.small, other than the bundled one, large enough for LFS."""
    folder = tmp_path / "bundle"
    trained(s2pzoo.build("tiny.small"), seed=1).save(folder)
    assert (folder / "model.safetensors").stat().st_size > LARGE > (folder / "manifest.json").stat().st_size
    return folder


@pytest.fixture
def commit(hub: Hub, bundle: Path) -> str:
    """What me/tiny holds on the Hub."""
    return hub.add("me/tiny", bundle)


def put_far(hub: Hub, folder: Path) -> None:
    """Weights of tiny.far, in a folder and where its plugin says that they are."""
    trained(s2pzoo.build("tiny.far")).save(folder)
    hub.add("someone/tiny", folder)
    held = hub.repos["someone/tiny"]
    held.commits["0" * 40] = next(iter(held.commits.values()))  # the commit that the plugin pins


def photo_of(pipeline: Pipeline) -> bytes:
    return pipeline(face()).tobytes()


class TestLoading:
    def test_a_place_on_the_hub_gives_what_its_folder_gives(self, commit: str, bundle: Path) -> None:
        wanted = photo_of(s2pzoo.load(bundle))
        assert photo_of(s2pzoo.load("hf://me/tiny")) == wanted
        assert photo_of(s2pzoo.load(f"hf://me/tiny@{commit}")) == wanted
        assert photo_of(s2pzoo.load("hf://me/tiny", revision=commit)) == wanted
        assert photo_of(s2pzoo.load("tiny", weights="hf://me/tiny@main")) == wanted
        assert photo_of(Pipeline.from_pretrained("me/tiny")) == wanted
        assert photo_of(Pipeline.from_pretrained("me/tiny", revision=commit)) == wanted

    def test_from_pretrained_takes_folders_and_names_of_models(self, tiny: Pipeline, bundle: Path) -> None:
        assert photo_of(Pipeline.from_pretrained(str(bundle))) == photo_of(s2pzoo.load(bundle))
        assert photo_of(Pipeline.from_pretrained("tiny")) == photo_of(tiny)

    def test_a_declared_place_is_used_when_nothing_is_here(self, hub: Hub, tmp_path: Path) -> None:
        put_far(hub, tmp_path / "far")
        assert photo_of(s2pzoo.load("tiny.far")) == photo_of(s2pzoo.load(tmp_path / "far"))

    def test_a_pinned_commit_that_is_here_needs_no_request(self, hub: Hub, commit: str) -> None:
        pull(HubPlace("me/tiny", commit))
        hub.requests.clear()
        pull(HubPlace("me/tiny", commit))
        assert hub.requests == []
        assert cached(HubPlace("me/tiny", commit)) is not None

    def test_a_branch_is_asked_for_again_and_stays_of_one_commit(self, hub: Hub, bundle: Path, commit: str) -> None:
        first = pull(HubPlace("me/tiny"))
        assert first.name == commit
        trained(s2pzoo.build("tiny.small"), seed=2).save(bundle)
        second = pull(HubPlace("me/tiny", "main"))
        assert second == first, "what is not pushed is not there"
        later = hub.add("me/tiny", bundle)
        assert pull(HubPlace("me/tiny")).name == later
        assert pull(HubPlace("me/tiny", commit)) == first

    def test_a_bundle_of_another_family_is_not_taken_for_it(self, hub: Hub, bundle: Path) -> None:
        said = json.loads((bundle / "manifest.json").read_text()) | {"model": "other.one"}
        (bundle / "manifest.json").write_text(json.dumps(said))
        hub.add("me/other", bundle)
        with pytest.raises(WeightsMismatchError, match=r"holds other\.one"):
            s2pzoo.load("tiny.small", weights="hf://me/other")

    @pytest.mark.parametrize("text", ["hf://", "hf://one", "hf://a/b/c", "hf://a/b@", "hf://a b/c", "hf://a/b@c d"])
    def test_what_is_no_place_is_told_before_anything_is_asked(self, hub: Hub, text: str) -> None:
        with pytest.raises(UsageError, match="no place on the Hub"):
            s2pzoo.load(text)
        assert hub.requests == []

    def test_only_what_is_on_the_hub_has_revisions(self, bundle: Path) -> None:
        for name, weights in (("tiny.small", None), (bundle, None), ("tiny.small", str(bundle))):
            with pytest.raises(UsageError, match="revision"):
                s2pzoo.load(name, weights=weights, revision="main")


class TestRefusals:
    def test_a_private_repository_is_told_like_none_and_opens_with_a_token(
        self, hub: Hub, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hub.add("me/secret", bundle, private=True)
        for repo in ("me/secret", "me/none"):
            with pytest.raises(HubError, match="or it is private") as caught:
                s2pzoo.load(f"hf://{repo}")
            assert "HF_TOKEN" in caught.value.fix
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        s2pzoo.load("hf://me/secret")
        assert TOKEN not in repr(Settings.read())

    def test_a_gated_repository_says_where_to_ask(
        self, hub: Hub, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hub.add("me/gated", bundle, gated=True)
        with pytest.raises(HubError, match="is gated") as caught:
            s2pzoo.load("hf://me/gated")
        assert f"{hub.endpoint}/me/gated" in caught.value.fix
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        s2pzoo.load("hf://me/gated")

    def test_a_missing_revision_and_a_missing_file_are_named(self, hub: Hub, bundle: Path, commit: str) -> None:
        for revision in ("v9", "f" * 40):
            with pytest.raises(HubError, match=f"no revision {revision}"):
                s2pzoo.load("hf://me/tiny", revision=revision)
        hub.add("me/empty", {"README.md": b"nothing"})
        with pytest.raises(HubError, match=r"has no manifest\.json") as caught:
            s2pzoo.load("hf://me/empty")
        assert "no bundle" in caught.value.why
        (bundle / "model.safetensors").unlink()
        hub.add("me/half", bundle)
        with pytest.raises(HubError, match=r"has no model\.safetensors"):
            s2pzoo.load("hf://me/half")

    def test_a_manifest_cannot_name_files_elsewhere(self, hub: Hub, bundle: Path) -> None:
        said = json.loads((bundle / "manifest.json").read_text())
        said["files"]["../x"] = {"sha256": "0" * 64, "size": 1}
        (bundle / "manifest.json").write_text(json.dumps(said))
        hub.add("me/odd", bundle)
        with pytest.raises(WeightsCorruptError, match=r"names '\.\./x'"):
            s2pzoo.load("hf://me/odd")


class TestTheWayHere:
    def test_a_server_that_stumbles_is_asked_again_and_that_is_told(self, hub: Hub, commit: str) -> None:
        hub.fail("manifest.json", status=503, times=2, method="HEAD")
        with pytest.warns(Remark, match="it answers 503. Trying again"):
            pull(HubPlace("me/tiny", commit))

    @pytest.mark.filterwarnings("ignore::s2pzoo.errors.Remark")
    def test_a_server_that_is_down_is_told_within_seconds(self, hub: Hub, commit: str) -> None:
        hub.fail("manifest.json", status=500)
        started = time.monotonic()
        with pytest.raises(HubError, match="could not be fetched") as caught:
            pull(HubPlace("me/tiny"))
        assert time.monotonic() - started < 10, "huggingface_hub alone waits 25 s"
        assert "500" in caught.value.why
        assert "HF_HUB_OFFLINE=1" in caught.value.fix

    @pytest.mark.filterwarnings("ignore::s2pzoo.errors.Remark")
    @pytest.mark.parametrize("endpoint", ["http://127.0.0.1:{}", "http://nobody.invalid"])
    def test_no_answer_and_no_such_host_are_told(self, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            endpoint = endpoint.format(free.getsockname()[1])
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        with pytest.raises(HubError, match=endpoint.removeprefix("http://")):
            pull(HubPlace("me/nothing"))

    @pytest.mark.filterwarnings("ignore::s2pzoo.errors.Remark")
    def test_an_older_copy_never_stands_in_for_a_branch_that_cannot_be_asked_for(
        self, hub: Hub, commit: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pull(HubPlace("me/tiny"))
        hub.fail("", status=502)
        with pytest.raises(HubError):
            pull(HubPlace("me/tiny"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert pull(HubPlace("me/tiny")).name == commit, "asked for what is here, it gives what is here"

    def test_a_cut_connection_is_taken_up_again(self, hub: Hub, commit: str) -> None:
        hub.fail("model.safetensors", cut=5000, times=2, method="GET")
        s2pzoo.load("hf://me/tiny")

    @pytest.mark.filterwarnings("ignore::s2pzoo.errors.Remark")
    def test_a_slow_server_is_waited_for_as_long_as_is_set(
        self, hub: Hub, commit: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hub.fail("manifest.json", delay=1.5, method="HEAD")
        pull(HubPlace("me/tiny"))
        monkeypatch.setenv("HF_HUB_ETAG_TIMEOUT", "1")
        with pytest.raises(HubError, match="could not be fetched") as caught:
            pull(HubPlace("me/tiny"))
        assert "timed out" in caught.value.why.lower() and "HF_HUB_ETAG_TIMEOUT" in caught.value.fix

    def test_a_body_that_stalls_once_is_waited_out(
        self, hub: Hub, commit: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "1")
        hub.fail("model.safetensors", delay=2, times=1, method="GET")
        assert pull(HubPlace("me/tiny")).name == commit

    def test_a_manifest_that_came_corrupt_is_fetched_again(self, hub: Hub, commit: str) -> None:
        hub.fail("manifest.json", corrupt=True, times=1, method="GET")
        with pytest.warns(Remark, match=r"manifest\.json of me/tiny@main is damaged"):
            s2pzoo.load("hf://me/tiny")

    def test_a_manifest_that_is_damaged_in_the_cache_is_mended(self, hub: Hub, commit: str) -> None:
        blob = (pull(HubPlace("me/tiny", commit)) / "manifest.json").resolve()
        blob.write_bytes(blob.read_bytes()[:100])
        with pytest.warns(Remark, match="is damaged"):
            s2pzoo.load(f"hf://me/tiny@{commit}")

    @pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
    def test_a_file_system_that_cannot_lock_is_named(
        self, hub: Hub, commit: str, number: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr("fcntl.flock", refuse)
        with pytest.raises(OutputError, match="cannot be kept") as caught:
            pull(HubPlace("me/tiny"))
        assert "HF_HUB_CACHE" in caught.value.fix

    def test_same_size_corrupt_bytes_are_fetched_again(self, hub: Hub, commit: str) -> None:
        hub.fail("model.safetensors", corrupt=True, times=1, method="GET")
        with pytest.warns(Remark, match="is damaged: it is fetched again"):
            s2pzoo.load("hf://me/tiny")

    @pytest.mark.filterwarnings("ignore::s2pzoo.errors.Remark")
    def test_what_stays_corrupt_is_refused(self, hub: Hub, commit: str) -> None:
        hub.fail("model.safetensors", corrupt=True)
        for _ in range(2):
            with pytest.raises(WeightsCorruptError, match="not what its manifest says") as caught:
                s2pzoo.load("hf://me/tiny")
        assert "fetched twice" in caught.value.why
        hub.heal()
        s2pzoo.load("hf://me/tiny")

    def test_a_file_of_another_size_is_not_even_fetched(self, hub: Hub, commit: str) -> None:
        hub.fail("model.safetensors", size=123_456_789_012)
        with pytest.raises(WeightsCorruptError, match="not what its manifest says"):
            s2pzoo.load("hf://me/tiny")
        assert not [line for line in hub.requests if line.startswith("GET /lfs/")]

    def test_a_file_damaged_in_the_cache_is_mended(self, hub: Hub, commit: str) -> None:
        blob = (pull(HubPlace("me/tiny", commit)) / "model.safetensors").resolve()
        data = bytearray(blob.read_bytes())
        data[-1] ^= 1
        blob.write_bytes(data)
        with pytest.warns(Remark, match="damaged"):
            s2pzoo.load(f"hf://me/tiny@{commit}")

    def test_a_cache_that_cannot_be_written_is_named(self, hub: Hub, tmp_path: Path, commit: str) -> None:
        (tmp_path / "huggingface").write_text("a file where the folder should be")
        with pytest.raises(OutputError, match="cannot be kept") as caught:
            pull(HubPlace("me/tiny"))
        assert "HF_HUB_CACHE" in caught.value.fix

    def test_a_full_disk_is_told_as_one(self, hub: Hub, commit: str, tmp_path: Path) -> None:
        script = (
            "import resource, signal, sys, s2pzoo\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "from s2pzoo.weights.hub import HubPlace, pull\n"
            f"resource.setrlimit(resource.RLIMIT_FSIZE, ({LARGE}, {LARGE}))\n"
            "try: pull(HubPlace('me/tiny'))\n"
            "except s2pzoo.errors.OutputError as error: print(error)\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
        assert "cannot be kept" in done.stdout, done.stderr
        assert os.strerror(errno.EFBIG) in done.stdout

    def test_a_read_only_cache_that_holds_it_is_enough(self, hub: Hub, commit: str, tmp_path: Path) -> None:
        """Root may write everywhere: so what is in the cache is looked at, too."""
        pull(HubPlace("me/tiny", commit))
        everything = sorted((tmp_path / "huggingface").rglob("*"))
        folders = {path: path.stat().st_mode for path in everything if path.is_dir()}
        changed = [path.stat().st_ctime_ns for path in everything if not path.is_dir()]
        try:
            for path in folders:
                path.chmod(stat.S_IRUSR | stat.S_IXUSR)
            s2pzoo.load(f"hf://me/tiny@{commit}")
        finally:
            for path, mode in folders.items():
                path.chmod(mode)
        assert sorted((tmp_path / "huggingface").rglob("*")) == everything
        assert [path.stat().st_ctime_ns for path in everything if not path.is_dir()] == changed

    def test_two_processes_at_once_both_get_it(self, hub: Hub, commit: str) -> None:
        hub.fail("model.safetensors", delay=0.3)
        script = "from s2pzoo.weights.hub import HubPlace, pull; print(pull(HubPlace('me/tiny')).name)"
        both = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)]
        assert [one.communicate(timeout=60)[0].strip() for one in both] == [commit, commit]

    def test_a_proxy_is_gone_through(self, hub: Hub, commit: str) -> None:
        """The server is its own proxy: asked for an absolute URL of a host that does not exist."""
        script = "from s2pzoo.weights.hub import HubPlace, pull; print(pull(HubPlace('me/tiny')).name)"
        env = os.environ | {"HF_ENDPOINT": "http://nobody.invalid", "HTTP_PROXY": hub.endpoint, "NO_PROXY": "localhost"}
        done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() == commit, done.stderr


class TestOffline:
    def test_offline_says_what_is_not_here_and_asks_nobody(
        self, hub: Hub, commit: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        for name in (f"hf://me/tiny@{commit}", "hf://me/tiny", "tiny.far"):
            with pytest.raises(OfflineError, match="not on this machine"):
                s2pzoo.load(name)
        assert hub.requests == []

    def test_a_model_of_the_hub_is_carried_to_a_machine_without_network(
        self, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_far(hub, tmp_path / "far")
        photo = photo_of(s2pzoo.load("tiny.far"))
        assert run(["weights", "bundle", str(tmp_path / "stick"), "tiny.far"]) == 0
        hub.requests.clear()
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "empty"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(OfflineError, match="not on this machine"):
            s2pzoo.load("tiny.far")
        monkeypatch.setenv("S2PZOO_WEIGHTS", str(tmp_path / "stick"))
        assert photo_of(s2pzoo.load("tiny.far")) == photo
        assert hub.requests == []

    def test_a_half_filled_cache_is_not_taken_for_a_bundle(
        self, hub: Hub, commit: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hub.fail("model.safetensors", status=404)
        with pytest.raises(HubError):
            pull(HubPlace("me/tiny", commit))
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert cached(HubPlace("me/tiny", commit)) is None
        with pytest.raises(OfflineError, match=r"model\.safetensors"):
            pull(HubPlace("me/tiny", commit))

    @pytest.mark.parametrize("set_before", [True, False])
    @pytest.mark.parametrize("offline", [True, False])
    def test_it_does_not_matter_what_was_set_when_huggingface_hub_was_imported(
        self, hub: Hub, commit: str, set_before: bool, offline: bool
    ) -> None:
        script = (
            "import os, huggingface_hub, huggingface_hub.constants, s2pzoo\n"
            f"os.environ['HF_HUB_OFFLINE'] = '{int(offline)}'\n"
            "from s2pzoo.weights.hub import HubPlace, pull\n"
            "try: print(pull(HubPlace('me/tiny')).name)\n"
            "except s2pzoo.errors.OfflineError: print('offline')\n"
        )
        env = os.environ | ({"HF_HUB_OFFLINE": "1"} if set_before else {})
        done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() == ("offline" if offline else commit), done.stderr

    @pytest.mark.parametrize("text", ["soon", "0", "-1", "1.5"])
    def test_a_timeout_that_is_none_is_told(self, text: str) -> None:
        with pytest.raises(UsageError, match="HF_HUB_ETAG_TIMEOUT"):
            Settings.read({"HF_HUB_ETAG_TIMEOUT": text})


class TestOrder:
    """What cannot be is told before weights are fetched."""

    @pytest.fixture(autouse=True)
    def _far(self, hub: Hub, tmp_path: Path) -> None:
        trained(s2pzoo.build("tiny.far")).save(tmp_path / "far")
        hub.add("someone/tiny", tmp_path / "far")
        held = hub.repos["someone/tiny"]
        held.commits["0" * 40] = next(iter(held.commits.values()))  # the commit that the plugin pins

    def test_parts_that_do_not_fit(self, hub: Hub) -> None:
        with pytest.raises(PortMismatchError):
            s2pzoo.compose(["tiny.far:generator", ("tiny/encoder", {"size": 64})])
        with pytest.raises(PortMismatchError):
            s2pzoo.load("tiny.far", swap={"generator": ("tiny/generator", {"dim": 3})}, untrained="allow")
        assert not [line for line in hub.requests if "model.safetensors" in line]

    def test_what_fits_is_fetched_then(self, hub: Hub) -> None:
        made = s2pzoo.compose(["tiny.far"])
        assert photo_of(made) == photo_of(s2pzoo.load("tiny.far"))
        assert [line for line in hub.requests if line.startswith("GET") and "model.safetensors" in line]


def test_nothing_writes_into_weights(bundle: Path, tmp_path: Path) -> None:
    def files() -> dict[str, tuple[bytes, int]]:
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(bundle.iterdir())}

    before = files()
    for path in bundle.iterdir():
        path.chmod(0o444)
    pipeline = s2pzoo.load(str(bundle))
    pipeline(face())
    assert run(["verify", str(bundle)]) == 0
    assert run(["weights", "bundle", str(tmp_path / "stick"), str(bundle)]) == 0
    pipeline.save(tmp_path / "copy")
    assert files() == before


def test_no_code_comes_from_the_hub(hub: Hub, bundle: Path) -> None:
    manifest = (bundle / "manifest.json").read_text().replace('"tiny/generator"', '"evil/net"')
    files = {path.name: path.read_bytes() for path in bundle.iterdir() if path.is_file()}
    hub.add(
        "me/evil", files | {"manifest.json": manifest.encode(), "evil.py": b"1/0", "s2pzoo_evil/__init__.py": b"1/0"}
    )
    with pytest.raises(UnknownComponentError):
        s2pzoo.load("hf://me/evil")
    assert not [line for line in hub.requests if ".py" in line]
    assert not {"evil", "s2pzoo_evil"} & set(sys.modules)


class TestXet:
    """Xet storage, which huggingface_hub prefers where a Hub offers it and it is not switched off."""

    def test_where_it_is_not_offered_it_does_not_matter_whether_it_is_on(
        self, hub: Hub, commit: str, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("HF_HUB_DISABLE_XET")
        hub.fail("model.safetensors", method="GET", status=500)
        with pytest.raises(HubError) as caught:
            s2pzoo.load(f"hf://me/tiny@{commit}")
        assert "XET" not in caught.value.fix  # it has nothing to do with it
        hub.heal()
        assert photo_of(s2pzoo.load(f"hf://me/tiny@{commit}")) == photo_of(s2pzoo.load(bundle))

    def test_switched_off_it_is_not_asked(self, hub: Hub, commit: str, bundle: Path) -> None:
        hub.xet = True
        assert photo_of(s2pzoo.load(f"hf://me/tiny@{commit}")) == photo_of(s2pzoo.load(bundle))
        assert not [one for one in hub.requests if "xet" in one]

    def test_offered_and_out_of_reach_it_is_told_with_the_way_round_it(
        self, hub: Hub, commit: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("HF_HUB_DISABLE_XET")
        hub.xet = True
        with pytest.raises(HubError) as caught:
            s2pzoo.load(f"hf://me/tiny@{commit}")
        assert "HF_HUB_DISABLE_XET=1" in caught.value.fix
        assert [one for one in hub.requests if "xet-read-token" in one]
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        assert s2pzoo.load(f"hf://me/tiny@{commit}").model.name == "tiny.small"
