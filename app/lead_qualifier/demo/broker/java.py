"""What Apache Kafka needs to run on this machine: Java 17 or newer, and Kafka's jars, brought by Maven into a cache."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lead_qualifier.demo.broker.errors import NotAvailable

KAFKA_VERSION = "4.1.1"
MINIMUM_JAVA = 17

_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>lead-qualifier</groupId><artifactId>kafka</artifactId><version>{KAFKA_VERSION}</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <!-- The console producer and its kin; what only the other tools need stays away. -->
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{KAFKA_VERSION}</version>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
    </dependency>
    <!-- Without it Kafka logs nothing at all. -->
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version>
    </dependency>
  </dependencies>
</project>
"""


def find_java() -> Path:
    """A `java` of version 17 or newer: JAVA_HOME's, else the PATH's. Raises NotAvailable."""
    home = os.environ.get("JAVA_HOME")
    candidates = [Path(home) / "bin" / "java"] if home else []
    found = shutil.which("java")
    if found:
        candidates.append(Path(found))
    versions = {java: _version(java) for java in candidates}
    for java, version in versions.items():
        if version >= MINIMUM_JAVA:
            return java
    have = ", ".join(f"{java} is {version}" for java, version in versions.items() if version)
    raise NotAvailable(
        f"no Java {MINIMUM_JAVA} or newer{f' ({have})' if have else ''}; "
        "install one (Debian and Ubuntu: apt-get install default-jre-headless; macOS: brew install openjdk)"
    )


def kafka_jars(say: Callable[[str], None]) -> Path:
    """The folder with Kafka's jars; the first time Maven downloads them. Raises NotAvailable."""
    folder = cache_folder() / f"kafka-{KAFKA_VERSION}"
    libs = folder / "libs"
    if libs.is_dir():
        return libs
    maven = shutil.which("mvn")
    if maven is None:
        raise NotAvailable(
            "Java is here, but Maven, which downloads Kafka, is not; "
            "install it (Debian and Ubuntu: apt-get install maven; macOS: brew install maven)"
        )
    say(f"Downloading Apache Kafka {KAFKA_VERSION} with Maven into {folder} (once, about 45 MB) ...")
    folder.mkdir(parents=True, exist_ok=True)
    # One program at a time: what Maven keeps for itself does not bear two. Into a folder of our own that gets its name
    # when complete: an interrupted download is never taken for a whole one.
    with (
        (folder / "download.lock").open("a") as lock,
        tempfile.TemporaryDirectory(dir=folder, prefix="download-") as work,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        if libs.is_dir():  # another program was first
            return libs
        pom = Path(work) / "pom.xml"
        pom.write_text(_POM)
        _run_maven(
            [
                maven,
                "-B",
                "-f",
                str(pom),
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
                f"-DoutputDirectory={work}/libs",
            ],
            say,
        )
        (Path(work) / "libs").rename(libs)
    return libs


def cache_folder() -> Path:
    """Where downloads are kept for all programs of this user."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "lead-qualifier"


def _version(java: Path) -> int:
    """Java's major version, 0 when it does not run (macOS has a `java` that only asks to install one)."""
    try:
        shown = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.search(r'version "(\d+)(?:\.(\d+))?', shown)
    if match is None:
        return 0
    major = int(match[1])
    return int(match[2] or 0) if major == 1 else major  # 1.8 is Java 8


def _run_maven(command: list[str], say: Callable[[str], None]) -> None:
    files, said, tail = 0, time.monotonic(), list[str]()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as maven:
        assert maven.stdout is not None
        for line in maven.stdout:
            tail = [*tail[-4:], line.strip()]
            files += "Downloaded from" in line
            if time.monotonic() - said > 2:
                said = time.monotonic()
                say(f"  {files} files downloaded ...")
    if maven.returncode:
        errors = [line for line in tail if "ERROR" in line] or tail
        raise NotAvailable(f"Maven could not download Kafka: {' '.join(errors[:1])}")
