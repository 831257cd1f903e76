"""Runs inside the interpreter that is asked about itself; imports nothing of ours.

``python -I -S probe.py <folder that holds packaging>`` prints one JSON object. It needs Python 3.9;
Python 3 before that gets as far as saying so.
"""

import importlib
import json
import os
import platform
import struct
import sys
import sysconfig

__all__ = ["main"]

ROOT = "{root}"


def marker_values() -> "dict[str, str]":
    version = sys.implementation.version
    implementation = ".".join(str(part) for part in version[:3])
    if version.releaselevel != "final":
        implementation += version.releaselevel[0] + str(version.serial)
    full = platform.python_version()
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": implementation,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        # A local build says "3.12.1+", which is no version that a specifier can be compared with.
        "python_full_version": full.removesuffix("+"),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def scheme_paths() -> "dict[str, str]":
    """Where a virtual environment of this interpreter puts things, below a placeholder."""
    names = sysconfig.get_scheme_names()
    wanted = "venv" if "venv" in names else ("nt" if os.name == "nt" else "posix_prefix")
    if hasattr(sys, "pypy_version_info") and wanted != "venv" and "pypy" in names:
        wanted = "pypy"
    values = {"base": ROOT, "platbase": ROOT, "installed_base": ROOT, "installed_platbase": ROOT}
    paths = sysconfig.get_paths(wanted, vars=values)
    found = {key: paths[key] for key in ("purelib", "platlib", "scripts", "data")}
    found["include"] = os.path.join(ROOT, "include", "site", "python" + ".".join(platform.python_version_tuple()[:2]))
    return found


def wheel_tags(folder: str) -> "list[str]":
    # Last on the path: the standard library must win over whatever lies beside packaging.
    sys.path.append(folder)
    try:
        tags = importlib.import_module("packaging.tags")
    except (ImportError, SyntaxError):
        # It is too new for this interpreter; whoever asks works them out.
        return []
    return [str(tag) for tag in tags.sys_tags()]


def virtual_prefix() -> "str | None":
    """Folder of the environment that the interpreter belongs to; without ``site`` nobody has looked for it yet."""
    folder = os.path.dirname(os.path.abspath(sys.executable))
    for candidate in (folder, os.path.dirname(folder)):
        if os.path.isfile(os.path.join(candidate, "pyvenv.cfg")):
            return candidate
    return None


def main() -> None:
    if sys.version_info < (3, 9):  # noqa: UP036 - this file runs in any interpreter
        sys.exit("Python 3.9 or newer is needed, this is " + platform.python_version())
    prefix = virtual_prefix()
    base = getattr(sys, "_base_executable", None) or sys.executable
    if prefix and os.path.abspath(base) == os.path.abspath(sys.executable):
        base = os.path.realpath(sys.executable)
    stdlib = sysconfig.get_path("stdlib")
    answer = {
        "executable": sys.executable,
        "base_executable": base,
        "version": marker_values()["python_full_version"],
        "version_info": list(sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "cache_tag": sys.implementation.cache_tag or "",
        "prefix": prefix or sys.prefix,
        "base_prefix": sys.base_prefix,
        "pointer_size": struct.calcsize("P") * 8,
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "externally_managed": os.path.isfile(os.path.join(stdlib, "EXTERNALLY-MANAGED")),
        "markers": marker_values(),
        "scheme": scheme_paths(),
        "paths": {key: sysconfig.get_paths()[key] for key in ("purelib", "platlib", "scripts", "data", "include")},
        "stdlib": stdlib,
        "tags": wheel_tags(sys.argv[1]),
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
