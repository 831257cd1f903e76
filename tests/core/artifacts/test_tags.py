"""Wheel and sdist file names, and the environments that tags imply."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.tags import compatible_tags, cpython_tags, generic_tags, parse_tag
from packaging.utils import parse_wheel_filename as reference

from interlock.core.artifacts.tags import implied_marker, parse_sdist_filename, parse_wheel_filename, rank
from interlock.core.markers.diagram import FALSE, TRUE, evaluate, format_marker, parse_marker
from interlock.core.markers.environment import STANDARD_ENVIRONMENTS


def test_the_parts_of_a_wheel() -> None:
    wheel = parse_wheel_filename(
        "Foo_Bar-1.0.post1+cu118-2b_x-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    )
    assert wheel is not None
    assert wheel.name == "foo-bar"
    assert wheel.version == "1.0.post1+cu118"
    assert wheel.build == (2, "b_x")
    assert wheel.pythons == wheel.abis == ("cp312",)
    assert wheel.platforms == ("manylinux_2_17_x86_64", "manylinux2014_x86_64")


@pytest.mark.parametrize(
    "filename",
    [
        "foo.whl",
        "foo-1.0.whl",
        "foo-1.0-py3-none.whl",
        "foo-1.0-1-2-py3-none-any.whl",
        "foo-1.0-x1-py3-none-any.whl",
        "foo-1.0-py3-none-any.zip",
        "foo-bar-1.0-py3-none-any-more.whl",
        "foo-1.0-py3-none-any.whl.asc",
        "-1.0-py3-none-any.whl",
        "../foo-1.0-py3-none-any.whl",
        "",
    ],
)
def test_unusable_wheel_names(filename: str) -> None:
    assert parse_wheel_filename(filename) is None
    assert implied_marker(filename) is FALSE


_tags = st.lists(st.sampled_from(["py3", "py2", "cp39", "none", "abi3", "any", "win32"]), min_size=1, max_size=3)


@given(
    st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,4}([._][a-z0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"[0-9]\.[0-9](rc1|\.post2|\+local)?", fullmatch=True),
    st.sampled_from(["", "-1", "-20b"]),
    _tags,
    _tags,
    _tags,
)
def test_reads_wheel_names_like_packaging(
    name: str, version: str, build: str, pythons: list[str], abis: list[str], platforms: list[str]
) -> None:
    filename = f"{name}-{version}{build}-{'.'.join(pythons)}-{'.'.join(abis)}-{'.'.join(platforms)}.whl"
    expected_name, expected_version, expected_build, expected_tags = reference(filename)
    wheel = parse_wheel_filename(filename)
    assert wheel is not None
    assert (str(wheel.name), wheel.version, wheel.build) == (str(expected_name), version, expected_build)
    assert str(expected_version) == version
    assert parse_tag(f"{'.'.join(wheel.pythons)}-{'.'.join(wheel.abis)}-{'.'.join(wheel.platforms)}") == expected_tags


@pytest.mark.parametrize(
    ("filename", "name", "version"),
    [
        ("foo-1.0.tar.gz", "foo", "1.0"),
        ("Foo.Bar-1.0.zip", "foo-bar", "1.0"),
        ("foo_bar-1.0rc1.tar.gz", "foo-bar", "1.0rc1"),
        ("foo-bar-1.0.tar.gz", "foo-bar", "1.0"),
        ("foo-bar-2-1.0.tar.gz", "foo-bar-2", "1.0"),
        ("foo-bar-2-1.0.tar.gz", "foo-bar", "2-1.0"),
        ("foo-1.0-1.tar.gz", "foo", "1.0-1"),
        ("foo-1.0.tar.bz2", "foo", None),
        ("foo-1.0.exe", "foo", None),
        ("other-1.0.tar.gz", "foo", None),
        ("foo-latest.tar.gz", "foo", None),
        ("foo.tar.gz", "foo", None),
    ],
)
def test_sdist_names(filename: str, name: str, version: str | None) -> None:
    assert parse_sdist_filename(filename, name) == version


def test_rank_is_the_best_position() -> None:
    tags = {"cp312-cp312-linux_x86_64": 0, "cp312-abi3-linux_x86_64": 1, "py3-none-any": 2}
    ranks = []
    for filename in (
        "a-1-cp312-cp312.abi3-linux_x86_64.whl",
        "a-1-cp312-abi3-linux_x86_64.whl",
        "a-1-py2.py3-none-any.whl",
        "a-1-cp311-cp311-linux_x86_64.whl",
    ):
        wheel = parse_wheel_filename(filename)
        assert wheel is not None
        ranks.append(rank(wheel, tags))
    assert ranks == [0, 1, 2, None]


@pytest.mark.parametrize(
    ("tags", "marker"),
    [
        ("py3-none-any", ""),
        ("py2.py3-none-any", ""),
        ("py2-none-any", "python_version < '0'"),
        ("cp27-cp27mu-manylinux1_x86_64", "python_version < '0'"),
        ("py37-none-any", "python_version >= '3.7'"),
        ("cp312-cp312-any", "python_version == '3.12' and implementation_name == 'cpython'"),
        ("cp313-cp313t-any", "python_version == '3.13' and implementation_name == 'cpython'"),
        ("cp39-abi3-any", "python_version >= '3.9' and implementation_name == 'cpython'"),
        ("cp315-abi3t-any", "python_version >= '3.15' and implementation_name == 'cpython'"),
        ("cp311-none-any", "python_version == '3.11' and implementation_name == 'cpython'"),
        ("cp38.cp39-none-any", "python_version in '3.8 3.9' and implementation_name == 'cpython'"),
        ("pp310-pypy310_pp73-any", "python_version == '3.10' and implementation_name == 'pypy'"),
        ("pp3-none-any", "implementation_name == 'pypy'"),
        ("graalpy311-graalpy242_311_native-any", "python_version == '3.11' and python_implementation == 'GraalVM'"),
        ("py3-none-win_amd64", "os_name == 'nt' and platform_machine == 'AMD64'"),
        ("py3-none-win32", "os_name == 'nt' and platform_machine == 'x86'"),
        ("py3-none-win_arm64", "os_name == 'nt' and platform_machine == 'ARM64'"),
        ("py3-none-linux_x86_64", "sys_platform == 'linux' and platform_machine == 'x86_64'"),
        ("py3-none-manylinux1_x86_64", "sys_platform == 'linux' and platform_machine == 'x86_64'"),
        ("py3-none-manylinux2014_aarch64", "sys_platform == 'linux' and platform_machine == 'aarch64'"),
        ("py3-none-manylinux_2_28_ppc64le", "sys_platform == 'linux' and platform_machine == 'ppc64le'"),
        ("py3-none-musllinux_1_2_x86_64", "sys_platform == 'linux' and platform_machine == 'x86_64'"),
        ("py3-none-macosx_11_0_arm64", "sys_platform == 'darwin' and platform_machine == 'arm64'"),
        (
            "py3-none-macosx_11_0_universal2",
            "sys_platform == 'darwin' and (platform_machine == 'arm64' or platform_machine == 'x86_64')",
        ),
        (
            "py3-none-manylinux2014_x86_64.macosx_11_0_arm64",
            "(sys_platform == 'linux' and platform_machine == 'x86_64')"
            " or (sys_platform == 'darwin' and platform_machine == 'arm64')",
        ),
        ("py3-none-android_21_arm64_v8a", "sys_platform == 'android'"),
        ("py3-none-ios_13_0_arm64_iphoneos", "sys_platform == 'ios'"),
        ("py3-none-pyodide_2024_0_wasm32", "sys_platform == 'emscripten'"),
        ("py3-none-freebsd_14_amd64", "sys_platform not in 'linux darwin win32'"),
        (
            "3-none-any",
            "implementation_name != 'cpython' and implementation_name != 'pypy' and python_implementation != 'GraalVM'",
        ),
    ],
)
def test_implied_markers(tags: str, marker: str) -> None:
    assert format_marker(implied_marker(f"a-1-{tags}.whl")) == format_marker(parse_marker(marker))


PLATFORM = "linux_x86_64"
CPYTHONS = [(3, minor) for minor in range(8, 17)]
OTHERS = {
    "PyPy": [((3, minor), f"pp3{minor}", f"pypy3{minor}_pp73") for minor in (9, 10, 11)],
    "GraalVM": [((3, 10), "graalpy310", "graalpy240_310_native"), ((3, 11), "graalpy311", "graalpy242_311_native")],
}


def _listed() -> dict[tuple[str, str], set[tuple[str, str]]]:
    """What packaging has interpreters list, by implementation and version: pairs of Python and ABI tags."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for version in CPYTHONS:
        for flags in ("", "t"):
            name = f"cp{version[0]}{version[1]}"
            listed = [
                *cpython_tags(version, [name + flags], [PLATFORM]),
                *compatible_tags(version, name, [PLATFORM]),
            ]
            pairs = found.setdefault(("CPython", ".".join(map(str, version))), set())
            pairs |= {(tag.interpreter, tag.abi) for tag in listed}
    for implementation, interpreters in OTHERS.items():
        for version, name, abi in interpreters:
            listed = [*generic_tags(name, [abi], [PLATFORM])]
            listed += compatible_tags(version, "pp3" if implementation == "PyPy" else None, [PLATFORM])
            found[implementation, ".".join(map(str, version))] = {(tag.interpreter, tag.abi) for tag in listed}
    return found


LISTED = _listed()
PAIRED = sorted({pair for pairs in LISTED.values() for pair in pairs})
MORE = ["py2", "py27", "cp3", "cp27", "cp2", "cp4", "py4", "pp", "py", "cp27mu", "cp312d", "abi4", "cp3", "any"]
PYTHONS = sorted({python for python, _ in PAIRED} | set(MORE))
ABIS = sorted({abi for _, abi in PAIRED} | set(MORE))


@pytest.mark.parametrize("python", PYTHONS)
def test_a_wheel_fits_where_an_interpreter_lists_its_tags(python: str) -> None:
    """Every Python tag with every ABI tag, those of other implementations and versions included."""
    for abi in ABIS:
        marker = implied_marker(f"a-1-{python}-{abi}-{PLATFORM}.whl")
        for (implementation, version), pairs in LISTED.items():
            environment = {
                **STANDARD_ENVIRONMENTS["linux-x86_64-cpython3.12"].as_dict(),
                "platform_python_implementation": implementation,
                "implementation_name": {"GraalVM": "graalpy"}.get(implementation, implementation.lower()),
                "python_version": version,
                "python_full_version": f"{version}.1",
            }
            if abi == "cp312d" and (python, version) == ("cp312", "3.12"):
                continue  # a build for debugging, which markers do not tell either
            listed = (python, abi) in pairs
            assert evaluate(marker, environment) is listed, (python, abi, implementation, version)


def test_a_pure_wheel_fits_every_environment() -> None:
    assert implied_marker("a-1-py3-none-any.whl") is TRUE


@pytest.mark.parametrize(
    ("tags", "fits"),
    [
        ("cp312-cp312-manylinux_2_17_x86_64", {"linux-x86_64-cpython3.12"}),
        ("pp311-pypy311_pp73-win_amd64", {"windows-amd64-pypy3.11"}),
        ("cp313-abi3-macosx_11_0_arm64", {"macos-arm64-cpython3.13", "macos-arm64-cpython3.14"}),
    ],
)
def test_implied_markers_hold_where_the_wheel_fits(tags: str, fits: set[str]) -> None:
    marker = implied_marker(f"a-1-{tags}.whl")
    found = {name for name, environment in STANDARD_ENVIRONMENTS.items() if evaluate(marker, environment.as_dict())}
    assert found == fits
