"""The registry: each plugin on demand, and no broken one in the way of another.

The plugins here are real distributions on sys.path, not stand-ins.
"""

from __future__ import annotations

import importlib.metadata
import signal
import sys
from pathlib import Path

import pytest

from s2pzoo import errors
from s2pzoo.errors import AmbiguousNameError, ApiVersionError, PluginBlockedError, PluginFailedError, UnknownModelError
from s2pzoo.host.catalogue import Catalogue, KnownBundle, KnownPlugin, Licences
from s2pzoo.host.plugin import State
from s2pzoo.host.registry import Registry
from s2pzoo.host.settings import Settings


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("S2PZOO_PLUGINS", "S2PZOO_DISABLE"):
        monkeypatch.delenv(name, raising=False)


def state(registry: Registry, family: str):
    return next(plugin for plugin in registry.plugins() if plugin.family == family)


BROKEN = {
    "import error": ("import no_such_module_zz", "No module named 'no_such_module_zz'"),
    "syntax error": ("def (", "SyntaxError"),
    "exit at import": ("import sys; sys.exit(3)", "SystemExit"),
    "another BaseException": ("class Stop(BaseException): pass\nraise Stop('now')", "Stop: now"),
    "endless recursion": ("def f(): f()\nf()", "RecursionError"),
    "exit in a hook": ("@hookimpl\ndef s2pzoo_plugin():\n    raise SystemExit('bye')", "SystemExit: bye"),
    "error in a hook": ("@hookimpl\ndef s2pzoo_plugin():\n    return 1 / 0", "ZeroDivisionError"),
    "hook returns None": ("@hookimpl\ndef s2pzoo_plugin():\n    pass", "returned None"),
    "hook returns a dict": ("@hookimpl\ndef s2pzoo_plugin():\n    return {}", "a dict"),
    "hook yields": ("@hookimpl\ndef s2pzoo_plugin():\n    yield Declaration()", "a generator"),
    "hook returns one entry": ("@hookimpl\ndef s2pzoo_plugin():\n    return model('bad.a', 'x/n')", "a Model"),
    "the classes of other things": ("declare(components=[Model])", "ports() method"),
    "tools that are texts": ("declare(tools=['morph'])", "a str in it"),
    "an API of the past": ("S2PZOO_API = 1", "plugin API 1; this s2pzoo speaks 2"),
    "list of dicts": ("declare(models=[{'name': 'bad.a'}])", "a dict in it"),
    "list with None": ("declare(models=[None])", "None in it"),
    "components among models": ("declare(models=[component('bad/n').component])", "ComponentEntry"),
    "the class itself": ("declare(models=[Model])", "wanted Model"),
    "wrong declaration": ("declare(models=[model('bad', 'x/net')])", "no variant"),
    "component twice": (
        "declare(components=[component('bad/n'), component('bad/n')])",
        "'bad/n' twice",
    ),
    "another family's model": (
        "declare(models=[model('acme.small', 'x/n')])",
        "not of its own family",
    ),
    "another family's component": (
        "declare(components=[component('acme/net')])",
        "not of its own family",
    ),
    "another family's task": (
        "declare(tasks=[TaskEntry('acme/t', factory='a:B')])",
        "not of its own family",
    ),
    "component not declared": (
        "declare(models=[model('bad.a', 'bad/nte')])",
        "'bad/nte', not declared",
    ),
    "no default": (
        "declare(models=[model('bad.a', 'x/n'), model('bad.b', 'x/n')])",
        "now: none",
    ),
    "two defaults": (
        "declare(models=[model('bad.a', 'x/n', default=True), model('bad.b', 'x/n', default=True)])",
        "now: bad.a, bad.b",
    ),
    "unknown hook": ("@hookimpl\ndef s2pzoo_plugn():\n    return Declaration()", "s2pzoo_plugn"),
    "unknown argument": ("@hookimpl\ndef s2pzoo_plugin(zoo):\n    return Declaration()", "zoo"),
    "wrapper": ("@hookimpl(wrapper=True)\ndef s2pzoo_plugin():\n    return (yield)", "wrapper"),
    "API of the future": ("S2PZOO_API = 99", "plugin API 99; this s2pzoo speaks 2"),
    "API as text": ("S2PZOO_API = '2'", "S2PZOO_API"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_fails_alone(case: str, install, good) -> None:
    source, said = BROKEN[case]
    install("bad", source)
    good("acme")
    registry = Registry()
    plugin = state(registry, "bad")
    assert plugin.state is State.FAILED
    assert said in plugin.reason
    assert not (plugin.models or plugin.components or plugin.tasks or plugin.adapters)
    assert "acme.small" in [model.name for model in registry.models()]
    assert registry.model("acme").name == "acme.small"
    with pytest.raises((PluginFailedError, ApiVersionError)) as caught:
        registry.model("bad.a")
    assert "zz-bad 1.2.3" in caught.value.what
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("source", "written", "fix"),
    [("S2PZOO_API = 1", 1, "pip install --upgrade zz-bad"), ("S2PZOO_API = 99", 99, "pip install --upgrade s2pzoo"),
     ("from s2pzoo.spec.model import Declaration, Novelty\nS2PZOO_API = 99", 99, "pip install --upgrade s2pzoo"),
     ("from s2pzoo.hooks import hookimpl\nS2PZOO_API = 1", 1, "pip install --upgrade zz-bad")],
)  # fmt: skip
def test_a_plugin_of_another_api_says_both_and_what_to_install(install, source: str, written: int, fix: str) -> None:
    """Also where it does not even import: names that it wants are not here yet, or not any more."""
    install("bad", source)
    with pytest.raises(ApiVersionError) as caught:
        Registry().model("bad")
    assert f"plugin API {written}; this s2pzoo speaks 2" in caught.value.what and fix in caught.value.fix


def test_an_import_error_of_a_plugin_of_this_api_stays_one(install) -> None:
    install("bad", "S2PZOO_API = 2\nfrom s2pzoo.spec.model import Novelty")
    with pytest.raises(PluginFailedError, match="Novelty"):
        Registry().model("bad")


def test_objects_of_a_plugin_that_answer_nothing_do_not_hinder_it(install) -> None:
    install("odd", """
        class Odd:
            def __getattr__(self, name): raise RuntimeError(name)
        odd = Odd()
        declare(components=[component("odd/n")], models=[model("odd.a", "odd/n")])
    """)  # fmt: skip
    assert state(Registry(), "odd").state is State.LOADED


def test_the_failure_keeps_its_cause_and_traceback(install) -> None:
    install("bad", "import no_such_module_zz")
    registry = Registry()
    with pytest.raises(PluginFailedError) as caught:
        registry.model("bad")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert "import no_such_module_zz" in state(registry, "bad").traceback


@pytest.mark.parametrize("value", ["no_such_module_zz.plugin", "os.path:join", ".relative", "a b", "", "a..b"])
def test_an_entry_point_to_nothing_fails_alone(value: str, install, good) -> None:
    install("bad", "", entry_points=f"[s2pzoo]\nbad = {value}\n")
    good("acme")
    registry = Registry()
    assert state(registry, "bad").state is State.FAILED
    assert registry.model("acme")


@pytest.mark.parametrize("name", ["Acme", "acme.small", "a b", "1acme", "a/b"])
def test_an_entry_point_whose_name_is_no_family_fails_alone(name: str, install, good) -> None:
    install("bad", "", entry_points=f"[s2pzoo]\n{name} = os\n")
    good("acme")
    assert state(Registry(), name).state is State.FAILED
    assert Registry().model("acme")


def test_a_malformed_entry_points_file_fails_alone(install, good) -> None:
    install("bad", "", entry_points="[s2pzoo]\nthis line has no equals sign\n")
    good("acme")
    registry = Registry()
    assert registry.model("acme")
    assert "entry_points.txt" in state(registry, "zz-bad").reason


def test_a_distribution_without_metadata_still_works(good) -> None:
    good("acme")
    next(Path(sys.path[0]).glob("*.dist-info/METADATA")).unlink()
    assert Registry().model("acme").name == "acme.small"


def test_a_keyboard_interrupt_is_the_users(install) -> None:
    install("bad", "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)")
    registry, usual = Registry(), signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            registry.plugins()
    finally:
        signal.signal(signal.SIGINT, usual)
    assert next(p for p in registry.plugins(load=False) if p.family == "bad").state is State.NEW


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "SystemExit(0)", "GeneratorExit", "Mute"])
def test_what_a_plugin_raises_is_its_own(raised: str, install) -> None:
    mute = "class Mute(BaseException):\n    def __str__(self): raise ValueError('no str')\n"
    install("bad", f"{mute}raise {raised}")
    plugin = state(Registry(), "bad")
    assert plugin.state is State.FAILED and plugin.reason.startswith(raised.partition("(")[0])


def test_settings_of_the_process_are_taken_back_and_told(install) -> None:
    install("odd", "import sys\nsys.setrecursionlimit(199)")
    before = sys.getrecursionlimit()
    plugin = state(Registry(), "odd")
    assert sys.getrecursionlimit() == before
    assert any("recursion limit" in warning for warning in plugin.warnings)


def test_a_function_without_the_marker_is_told(install) -> None:
    install("bare", "def s2pzoo_plugin():\n    return Declaration()")
    registry = Registry()
    plugin = state(registry, "bare")
    assert plugin.state is State.LOADED
    assert "s2pzoo_plugin lacks @hookimpl" in plugin.warnings[0]
    with pytest.raises(UnknownModelError, match="lacks @hookimpl"):
        registry.model("bare")


def test_a_plugin_that_declares_nothing_is_told(install) -> None:
    install("empty", "")
    assert state(Registry(), "empty").warnings == ("it declares nothing",)


def test_what_a_plugin_prints_stays_off_standard_output(install, capsys: pytest.CaptureFixture[str]) -> None:
    install("chatty", "print('hello')")
    Registry().plugins()
    out, err = capsys.readouterr()
    assert out == ""
    assert "hello" in err


def test_two_providers_of_a_family_are_both_named(good) -> None:
    good("acme", distribution="zz-one", version="1.0")
    good("acme", distribution="zz-two", version="2.0")
    good("other")
    registry = Registry()
    plugin = state(registry, "acme")
    assert plugin.state is State.CONFLICT
    with pytest.raises(AmbiguousNameError) as caught:
        registry.model("acme.small")
    assert "zz-one 1.0" in str(caught.value) and "zz-two 2.0" in str(caught.value)
    assert len(caught.value.providers) == 2
    assert [m.name for m in registry.models() if m.family in ("acme", "other")] == ["other.large", "other.small"]


def test_a_distribution_that_is_on_the_path_twice_counts_once(good) -> None:
    good("acme", version="1.0")
    good("acme", version="2.0")
    plugin = state(Registry(), "acme")
    assert (plugin.state, plugin.version) == (State.LOADED, "2.0")


def test_only_the_plugin_that_is_asked_for_is_imported(good) -> None:
    asked, other = good("acme"), good("other")
    registry = Registry()
    registry.model("acme.large")
    registry.component("acme/net")
    registry.task("acme/train")
    assert asked in sys.modules
    assert other not in sys.modules


def test_a_registry_may_be_given_its_entry_points(good) -> None:
    module = good("acme")
    point = importlib.metadata.EntryPoint(name="acme", value=module, group="s2pzoo")
    registry = Registry(entry_points=[point])
    assert registry.families() == ["acme"]
    assert registry.model("acme").name == "acme.small"


def test_each_kind_of_entry_is_found_by_name(good) -> None:
    good("acme")
    registry = Registry()
    assert registry.model("acme.large").name == "acme.large"
    assert registry.component("acme/net").kind == "generator"
    assert registry.task("acme/train").factory == "nowhere:Task"
    assert "acme/pictures" in [dataset.name for dataset in registry.datasets()]
    assert ("acme", "doodle") in [(family, tool.name) for family, tool in registry.tools()]
    assert "acme/gray" in [adapter.name for adapter in registry.adapters()]


class TestEnvironment:
    """S2PZOO_PLUGINS allows, S2PZOO_DISABLE forbids, and both are read when asked."""

    def test_disabled_is_blocked_not_imported(self, good, monkeypatch: pytest.MonkeyPatch) -> None:
        module = good("acme")
        good("other")
        registry = Registry()
        monkeypatch.setenv("S2PZOO_DISABLE", "nothing, acme")
        assert state(registry, "acme").state is State.BLOCKED
        with pytest.raises(PluginBlockedError, match="S2PZOO_DISABLE"):
            registry.model("acme")
        assert module not in sys.modules
        assert registry.model("other")
        monkeypatch.delenv("S2PZOO_DISABLE")
        assert registry.model("acme")

    def test_only_the_allowed_are_loaded(self, good, monkeypatch: pytest.MonkeyPatch) -> None:
        good("acme")
        module = good("other")
        monkeypatch.setenv("S2PZOO_PLUGINS", "acme")
        registry = Registry()
        assert [model.name for model in registry.models()] == ["acme.large", "acme.small"]
        with pytest.raises(PluginBlockedError, match="S2PZOO_PLUGINS"):
            registry.model("other")
        assert module not in sys.modules

    def test_settings_read_the_environment_now(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", "ON")
        monkeypatch.setenv("S2PZOO_CACHE", str(tmp_path))
        assert (Settings.read().offline, Settings.read().cache) == (True, tmp_path)
        assert Settings.read({}) == Settings()
        assert Settings.read({"S2PZOO_PLUGINS": " "}).plugins is None
        import os

        folders = Settings.read({"S2PZOO_WEIGHTS": f"a{os.pathsep}{os.pathsep}b"}).weights
        assert folders == (Path("a"), Path("b"))


class TestUnknown:
    """The error for what there is not says what is near, or what to install."""

    @pytest.fixture
    def registry(self, good) -> Registry:
        good("acme")
        known = KnownPlugin(family="absent", distribution="s2pzoo-absent", summary="S", licence="MIT", source="there",
                            maintainer="me")  # fmt: skip
        bundles = {
            name: KnownBundle(
                name=name,
                summary="",
                licence=Licences(code="MIT", weights="MIT", data="MIT"),
                bundled=True,
                hub="",
                size=0,
                sha256="",
            )
            for name in ("absent.faces", "acme.huge")
        }
        return Registry(
            entry_points=importlib.metadata.entry_points(group="s2pzoo", name="acme"),
            catalogue=lambda: Catalogue(plugins={"absent": known}, bundles=bundles),
        )

    @pytest.mark.parametrize(
        ("name", "near"),
        [
            ("amce", "acme"),
            ("acme.smal", "acme.small"),
            ("ACME", "acme"),
            ("absnt", "absent"),
            ("small", "acme.small"),
            ("faces", "absent.faces"),
            ("acme.small.png", "acme.small"),
        ],
    )
    def test_a_model_gets_the_nearest_names(self, registry: Registry, name: str, near: str) -> None:
        with pytest.raises(UnknownModelError) as caught:
            registry.model(name)
        assert near in caught.value.suggestions
        assert near in str(caught.value)

    @pytest.mark.parametrize("name", ["zzzzzz", "", "../x", None, 3])
    def test_a_model_near_nothing_gets_the_list(self, registry: Registry, name) -> None:
        with pytest.raises(UnknownModelError, match="s2pzoo list"):
            registry.model(name)

    @pytest.mark.parametrize("name", ["absent", "absent.faces", "absent.whatever"])
    def test_an_absent_family_says_what_to_install(self, registry: Registry, name: str) -> None:
        with pytest.raises(errors.PluginMissingError, match="pip install s2pzoo-absent") as caught:
            registry.model(name)
        assert caught.value.distribution == "s2pzoo-absent"

    def test_an_absent_plugin_of_a_component_says_what_to_install(self, registry: Registry) -> None:
        with pytest.raises(errors.PluginMissingError, match="pip install s2pzoo-absent"):
            registry.component("absent/net")

    def test_a_newer_model_says_to_upgrade(self, registry: Registry) -> None:
        with pytest.raises(UnknownModelError, match="pip install --upgrade zz-acme"):
            registry.model("acme.huge")

    def test_components_and_tasks_get_suggestions_too(self, registry: Registry) -> None:
        with pytest.raises(errors.UnknownComponentError) as component:
            registry.component("acme/nett")
        with pytest.raises(errors.UnknownTaskError) as task:
            registry.task("amce/train")
        assert component.value.suggestions == ("acme/net",)
        assert task.value.suggestions == ("acme/train",)


class TestFindWeights:
    """Private mirrors answer for any model."""

    def test_the_first_answer_counts(self, install, tmp_path: Path) -> None:
        install("aa", "@hookimpl\ndef s2pzoo_find_weights(ref):\n    return None")
        install(
            "bb",
            f"@hookimpl\ndef s2pzoo_find_weights(settings, ref):\n    return {str(tmp_path)!r} + '/' + ref",
        )
        install("cc", "@hookimpl\ndef s2pzoo_find_weights():\n    raise OSError('not reached')")
        (tmp_path / "acme.small").mkdir()
        assert Registry().find_weights("acme.small") == tmp_path / "acme.small"

    @pytest.mark.parametrize(
        "body", ["raise OSError('mirror is down')", "return 3", "return 'a\\0b'", "return '/nowhere'"]
    )
    def test_a_failing_mirror_is_named_and_not_passed_over(self, install, body: str) -> None:
        install("aa", f"@hookimpl\ndef s2pzoo_find_weights(ref):\n    {body}")
        with pytest.raises(PluginFailedError, match="S2PZOO_DISABLE=aa"):
            Registry().find_weights("acme.small")

    def test_no_mirror_no_answer(self, good) -> None:
        good("acme")
        assert Registry().find_weights("acme.small") is None
