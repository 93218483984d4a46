# SPDX-License-Identifier: ISC
"""Builds a machine's initial file system: a cpio archive ("newc") of busybox, kernel modules, and programs with the shared
libraries that they need. Nobody has to be root: the archive says that all of it is root's."""
import lzma
import re
import struct
from pathlib import Path

FOLDER, FILE, LINK, CHARACTER = 0o040000, 0o100000, 0o120000, 0o020000
LIBRARY_FOLDERS = ("usr/lib/{triplet}", "lib/{triplet}", "usr/lib64", "lib64", "usr/lib", "lib")


class Missing(Exception):
    """Something that the archive needs is not there."""


class Elf:
    """What a dynamic linker looks at: interpreter (PT_INTERP) and needed libraries (DT_NEEDED). 64 bits, little-endian."""

    def __init__(self, path):
        self.data = Path(path).read_bytes()
        self.interpreter, self.needed = None, []
        if self.data[:6] != b"\x7fELF\x02\x01":
            return
        offset, = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        segments = [struct.unpack_from("<IIQQQQ", self.data, offset + i * size) for i in range(count)]
        for kind, _, at, _, _, length in segments:
            if kind == 3:
                self.interpreter = self._text(at)
            elif kind == 2:
                self._dynamic(at, length, [(s[3], s[2], s[5]) for s in segments if s[0] == 1])

    def _text(self, at):
        return self.data[at:self.data.index(b"\0", at)].decode()

    def _dynamic(self, at, length, loads):
        entries = [struct.unpack_from("<qQ", self.data, at + i) for i in range(0, length, 16)]
        strings = next((value for tag, value in entries if tag == 5), None)
        for address, place, size in loads:
            if strings is not None and address <= strings < address + size:
                names = place + strings - address
                self.needed = [self._text(names + value) for tag, value in entries if tag == 1]
                return


class Archive:
    """The archive in the making. Folders of what is put in are made as needed."""

    def __init__(self):
        self._entries = {}
        self.node("dev/console", 5, 1)

    def _add(self, path, mode, data=b"", device=(0, 0)):
        path = path.strip("/")
        for parent in reversed(Path(path).parents):
            if str(parent) != ".":
                self._entries.setdefault(str(parent), (FOLDER | 0o755, b"", (0, 0)))
        self._entries[path] = (mode, data, device)

    def folder(self, path):
        self._add(path, FOLDER | 0o755)

    def data(self, path, data, mode=0o644):
        self._add(path, FILE | mode, data.encode() if isinstance(data, str) else data)

    def file(self, source, path):
        source = Path(source)
        self._add(path, FILE | (0o755 if source.stat().st_mode & 0o111 else 0o644), source.read_bytes())

    def link(self, target, path):
        self._add(path, LINK | 0o777, target.encode())

    def node(self, path, major, minor):
        self._add(path, CHARACTER | 0o600, device=(major, minor))

    def program(self, source, path, root="/", triplet="x86_64-linux-gnu"):
        """A program of the Debian below root, and the libraries it needs, at the places where they are looked for."""
        self.file(source, path)
        elf = Elf(source)
        if elf.needed:  # (a unikernel names an interpreter to tell that it is none of Linux's programs)
            self._library(elf.interpreter.rsplit("/", 1)[1], root, triplet, elf.interpreter)
        self._libraries(elf, root, triplet, f"/usr/lib/{triplet}")

    def foreign(self, source, path, root, triplet="x86_64-linux-gnu"):
        """A program of another Debian than the rest: its libraries have a folder of their own."""
        folder = f"/lab/foreign/{Path(root).name}"
        elf = Elf(source)
        binary = f"{folder}/{Path(path).name}"
        loader = f"{folder}/{elf.interpreter.rsplit('/', 1)[1]}"
        self.file(source, binary)
        self._library(loader.rsplit("/", 1)[1], root, triplet, loader)
        self._libraries(elf, root, triplet, folder)
        self.data(path, f'#!/bin/sh\nexec {loader} --library-path {folder} --argv0 "$0" {binary} "$@"\n', 0o755)

    def _libraries(self, elf, root, triplet, folder):
        for name in elf.needed:
            if f"{folder}/{name}".strip("/") not in self._entries:
                self._libraries(self._library(name, root, triplet, f"{folder}/{name}"), root, triplet, folder)

    def _library(self, name, root, triplet, path):
        for folder in LIBRARY_FOLDERS:
            source = Path(root) / folder.format(triplet=triplet) / name
            if source.exists():
                self.data(path, source.read_bytes(), 0o755)
                return Elf(source)
        raise Missing(f"{name} is not in {root}")

    def write(self, path):
        with open(path, "wb") as out:
            for number, (name, (mode, data, device)) in enumerate(self._entries.items(), 1):
                self._write_entry(out, number, name, mode, data, device)
            self._write_entry(out, 0, "TRAILER!!!", 0, b"", (0, 0))

    @staticmethod
    def _write_entry(out, number, name, mode, data, device):
        text = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(text), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + text
        out.write(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))


class Modules:
    """The modules of the kernel package that is unpacked in root."""

    def __init__(self, root):
        folders = list((Path(root) / "usr/lib/modules").glob("*")) or list((Path(root) / "lib/modules").glob("*"))
        if not folders:
            raise Missing(f"there are no kernel modules in {root}")
        self.folder = folders[0]
        self._files = {self._name(path): path for path in self.folder.rglob("*.ko*")}

    @staticmethod
    def _name(path):
        return path.name.split(".ko")[0].replace("-", "_")

    def add(self, archive, names):
        """Puts modules and all that they depend on where modprobe finds them; a name that is no module is built in (or
        modprobe will say so)."""
        target = f"lib/modules/{self.folder.name}"
        done = {}
        for name in names:
            if name.replace("-", "_") in self._files:
                self._add(archive, target, name.replace("-", "_"), done)
        lines = []
        for name, needed in done.items():
            lines.append(f"{name}.ko: " + " ".join(f"{n}.ko" for n in self._closure(name, done)))
        archive.data(f"{target}/modules.dep", "\n".join(lines) + "\n")
        builtin = self.folder / "modules.builtin"
        archive.data(f"{target}/modules.builtin", builtin.read_bytes() if builtin.exists() else b"")

    def _add(self, archive, target, name, done):
        if name in done:
            return
        path = self._files[name]
        data = path.read_bytes()
        data = lzma.decompress(data) if path.suffix == ".xz" else data
        found = re.search(rb"\0depends=([^\0]*)\0", data)
        done[name] = [n for n in found[1].decode().replace("-", "_").split(",") if n] if found else []
        archive.data(f"{target}/{name}.ko", data)
        for needed in done[name]:
            self._add(archive, target, needed, done)

    @classmethod
    def _closure(cls, name, done):
        """What name needs, in the order in which modprobe expects it: the first is loaded last."""
        order = []
        for needed in done[name]:
            found = [needed, *cls._closure(needed, done)]
            order = [n for n in order if n not in found] + found
        return order
