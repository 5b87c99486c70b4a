#!/usr/bin/python3
"""What `make install` puts below a prefix works from there: program, completion, unit, settings, and the library, which
a program of somebody else finds with CMake and with pkg-config."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path
from typing import ClassVar

from harness import ROOT, Workplace, program


class Installed(unittest.TestCase):
    place: ClassVar[Workplace]
    prefix: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        cls.place = Workplace("install")
        cls.prefix = cls.place.path / "prefix"
        build = program().parent.parent
        if not (build / "lib" / "libcoppice.a").exists():
            raise unittest.SkipTest(f"{build} has no lib/libcoppice.a: build the target coppice_archive")
        cls.call("scripts/install.sh", "", str(cls.prefix), COPPICE_BUILD=str(build))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.place.__exit__(None)

    @classmethod
    def call(cls, *words: str, folder: Path = ROOT, **variables: str) -> str:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600, check=False,
                              env={**os.environ, **variables})
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(words)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    def test_the_program_runs_from_there(self) -> None:
        self.assertRegex(self.call(str(self.prefix / "bin/coppice"), "--version"), r"^coppice \d")

    def test_the_completion_is_the_program_s_own(self) -> None:
        script = self.prefix / "share/bash-completion/completions/coppice"
        self.assertEqual(script.read_text(), self.call(str(self.prefix / "bin/coppice"), "completion", "bash"))
        offered = self.call("bash", "-c", f"source {script}; COMP_WORDS=(coppice st); COMP_CWORD=1; _coppice; "
                                          "echo ${COMPREPLY[*]}")
        self.assertEqual(offered.split(), ["status"])

    def test_the_unit_names_what_was_installed(self) -> None:
        unit = (self.prefix / "lib/systemd/system/coppice.service").read_text()
        self.assertNotIn("@", unit.replace("@system-service", ""))
        self.assertIn(f"ExecStart={self.prefix}/bin/coppice serve", unit)
        settings = re.search(r"LoadCredential=coppice.conf:(.*)", unit)
        assert settings is not None
        self.assertTrue(Path(settings[1]).is_file())

    def test_settings_that_are_there_stay(self) -> None:
        settings = self.prefix / "etc/coppice/coppice.conf"
        settings.write_text("port 6000\n")
        self.call("scripts/install.sh", "", str(self.prefix), COPPICE_BUILD=str(program().parent.parent))
        self.assertEqual(settings.read_text(), "port 6000\n")

    def test_the_examples_build_with_find_package(self) -> None:
        build = self.place.path / "examples"
        self.call("cmake", "-S", str(ROOT / "examples"), "-B", str(build), f"-DCMAKE_PREFIX_PATH={self.prefix}",
                  "-DCMAKE_BUILD_TYPE=Debug")
        self.call("cmake", "--build", str(build))
        self.call("ctest", "--test-dir", str(build), "--output-on-failure", "--no-tests=error")

    def test_the_collections_need_no_library(self) -> None:
        compilers = [found for name in ("c++", "clang++", "clang++-14") if (found := shutil.which(name))]
        for compiler in compilers:
            with self.subTest(compiler=compiler):
                build = self.place.path / f"consumer-{Path(compiler).name}"
                self.call("cmake", "-S", str(ROOT / "tests/e2e/consumer"), "-B", str(build),
                          f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DCMAKE_CXX_COMPILER={compiler}")
                self.call("cmake", "--build", str(build))
                self.call(str(build / "consumer"))
        flags = self.call("pkg-config", "--cflags", "--libs", "coppice-collections",
                          PKG_CONFIG_PATH=str(self.prefix / "lib/pkgconfig")).split()
        self.assertEqual([flag for flag in flags if not flag.startswith("-I")], [])
        self.call("c++", "-std=c++20", "-fsyntax-only", str(ROOT / "tests/e2e/consumer/main.cpp"), *flags)

    def test_a_component_that_is_not_there_is_named(self) -> None:
        folder = self.place.path / "wrong_component"
        folder.mkdir()
        (folder / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(wrong LANGUAGES CXX)\n"
                                               "find_package(coppice REQUIRED COMPONENTS collection)\n")
        with self.assertRaisesRegex(AssertionError, r"no\s+component\s+'collection'"):
            self.call("cmake", "-S", str(folder), "-B", str(folder / "build"), f"-DCMAKE_PREFIX_PATH={self.prefix}")

    def test_a_program_builds_with_pkg_config(self) -> None:
        text = (ROOT / "README.md").read_text()
        code = self.place.path / "readme.cpp"
        code.write_text(text.split("```cpp\n")[1].split("```")[0])
        flags = self.call("pkg-config", "--cflags", "--libs", "coppice",
                          PKG_CONFIG_PATH=str(self.prefix / "lib/pkgconfig")).split()
        self.call("c++", "-std=c++20", str(code), "-o", str(self.place.path / "readme"), *flags)
        self.call(str(self.place.path / "readme"), folder=self.place.path)


if __name__ == "__main__":
    sys.exit(unittest.main())
