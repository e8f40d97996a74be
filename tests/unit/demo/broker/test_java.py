"""What Kafka needs on this machine, and what is said when it is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lead_qualifier.demo.broker.errors import NotAvailable
from lead_qualifier.demo.broker.java import cache_folder, find_java, kafka_jars


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def a_program(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return path


def a_java(path: Path, version: str) -> Path:
    return a_program(path, f"echo 'openjdk version \"{version}\" 2025-04-15' >&2")


@pytest.mark.parametrize("version", ["17", "17.0.15", "21.0.2", "25"])
def test_java_17_and_newer_will_do(programs: Path, version: str) -> None:
    java = a_java(programs / "java", version)
    assert find_java() == java


@pytest.mark.parametrize("version", ["1.8.0_412", "11.0.23", "16.0.2"])
def test_an_older_java_is_refused_with_its_version_and_what_to_install(programs: Path, version: str) -> None:
    a_java(programs / "java", version)
    with pytest.raises(NotAvailable, match=r"no Java 17 or newer \(.*java is (8|11|16)\); install one"):
        find_java()


def test_no_java_is_refused_with_what_to_install(programs: Path) -> None:
    with pytest.raises(NotAvailable, match="no Java 17 or newer; install one"):
        find_java()


def test_a_java_that_does_not_run_is_none(programs: Path) -> None:
    a_program(programs / "java", "exit 1")
    with pytest.raises(NotAvailable, match="no Java 17 or newer; install one"):
        find_java()


def test_the_java_of_java_home_goes_before_the_paths(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_java(programs / "java", "17.0.1")
    home = tmp_path / "home"
    chosen = a_java(home / "bin" / "java", "21.0.1")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert find_java() == chosen


def test_an_old_java_home_does_not_hide_a_newer_java_on_the_path(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usable = a_java(programs / "java", "21.0.1")
    home = tmp_path / "home"
    a_java(home / "bin" / "java", "1.8.0_1")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert find_java() == usable


def test_without_maven_it_says_what_to_install(programs: Path) -> None:
    with pytest.raises(NotAvailable, match="Maven, which downloads Kafka, is not; install it"):
        kafka_jars(print)


def test_jars_that_are_there_need_no_maven(programs: Path) -> None:
    libs = cache_folder() / "kafka-4.1.1" / "libs"
    libs.mkdir(parents=True)
    assert kafka_jars(print) == libs


def test_a_download_that_fails_says_why_and_leaves_nothing_behind(programs: Path) -> None:
    a_program(programs / "mvn", "echo '[INFO] Scanning'", "echo '[ERROR] Unknown host repo.example'", "exit 1")
    with pytest.raises(NotAvailable, match=r"Maven could not download Kafka: .*Unknown host repo\.example"):
        kafka_jars(print)
    assert [left.name for left in (cache_folder() / "kafka-4.1.1").iterdir()] == ["download.lock"]


def test_a_download_is_announced_and_kept(programs: Path) -> None:
    said: list[str] = []
    a_program(
        programs / "mvn",
        'for argument in "$@"; do case "$argument" in -DoutputDirectory=*) out="${argument#*=}";; esac; done',
        '/bin/mkdir -p "$out" && : > "$out/kafka.jar"',
    )
    libs = kafka_jars(said.append)
    assert [jar.name for jar in libs.iterdir()] == ["kafka.jar"]
    assert "Downloading Apache Kafka 4.1.1" in said[0]
    assert kafka_jars(print) == libs
