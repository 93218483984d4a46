# SPDX-License-Identifier: ISC
"""Unikernels without devices: what their bindings and libc do, and that what they must not do ends them and nobody else."""
import re
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import harness  # noqa: E402

hvt = pytest.mark.skipif(harness.kvm_missing() is not None, reason=harness.kvm_missing() or "")
each = pytest.mark.parametrize("target", [pytest.param("hvt", marks=hvt), "spt", "native"])
loaded = pytest.mark.parametrize("target", [pytest.param("hvt", marks=hvt), "spt"])


# ---- start, command line, end ----

@each
def test_hello(target):
    assert harness.run("hello", target) == (0, "Hello from Penstock.")


@each
def test_command_line_is_joined_by_single_spaces(target):
    status, output = harness.run("hello", target, args=["a", "b  c", "--mem=1", "--"])
    assert (status, output) == (0, "Hello from Penstock.\nYou said: a b  c --mem=1 --")


@loaded
def test_the_smallest_memory_is_enough_for_hello(target):
    assert harness.run("hello", target, options=["--mem=2"]) == (0, "Hello from Penstock.")


@loaded
@pytest.mark.parametrize("level, says", [("quiet", False), ("error", False), ("warn", False), ("info", True),
                                         ("debug", True)])
def test_options_for_the_bindings_are_not_the_unikernels(target, level, says):
    status, output = harness.run("hello", target, args=[f"--solo5:{level}", "a", "--solo5:info"])
    assert status == 0
    assert "You said: a --solo5:info" in output.splitlines()
    assert says == ("MiB" in output)


@each
@pytest.mark.parametrize("words, status", [("return 0", 0), ("return 3", 3), ("solo5_exit 7", 7), ("exit 254", 254)])
def test_exit_status(target, words, status):
    got, output = harness.run("exit", target, args=words.split())
    assert got == status, output
    assert output.splitlines()[-1] == "pending"


@each
def test_quick_exit_does_not_write_out_what_is_pending(target):
    assert harness.run("exit", target, args=["_exit", "9"]) == (9, "case _exit")


@each
def test_abort(target):
    status, output = harness.run("exit", target, args=["abort"])
    assert status == 255, output
    assert output.splitlines()[0] == "case abort"


@loaded
def test_bindings_without_libc(target):
    assert harness.run("nolibc", target, options=["--mem=4"], args=["one", "", "two"]) == (0, "SUCCESS")


# ---- libc and processor ----

@loaded
@pytest.mark.parametrize("mem", [16, 64, 1024])
def test_libc(target, mem):
    status, output = harness.run("libc", target, options=[f"--mem={mem}"], timeout=60)
    assert status == 0, output
    assert output.splitlines()[-3:] == ["a line in two pieces", "a line on stderr", "SUCCESS"]


@each
def test_thread_local_data_and_floating_point(target):
    status, output = harness.run("tls_float", target, timeout=60)
    assert status == 0, output
    assert output.splitlines()[-1] == "SUCCESS"


@each
def test_tasks_keep_their_registers(target):
    assert harness.run("tasks", target, timeout=60) == (0, "SUCCESS")


@each
def test_clocks_and_sleep(target):
    status, output = harness.run("clock", target, timeout=60)
    now = time.time()
    assert status == 0, output
    assert output.endswith("SUCCESS")
    assert abs(int(re.search(r"wall (\d+)", output)[1]) / 1e9 - now) < 5


# ---- what a unikernel must not do ----

RAM_END = 32 << 20
TRAPS = [
    ("text_write", r"page fault: write to a read-only page .*\(text\)"),
    ("rodata_write", r"page fault: write to a read-only page .*\(read-only data\)"),
    ("boot_info_write", r"page fault: write to a read-only page .*\(boot information\)"),
    ("data_exec", r"page fault: execution of data"),
    ("stack_exec", r"page fault: execution of data"),
    ("heap_exec", r"page fault: execution of data"),
    ("null_read", r"page fault: read where nothing is mapped, at 0x0 "),
    ("null_write", r"page fault: write to where nothing is mapped, at 0x8 "),
    ("null_call", r"page fault: jump to where nothing is mapped, at 0x0 "),
    ("stack_overflow", r"page fault: write to a read-only page .*\(read-only data\)"),
    ("read 0xffff", r"page fault: read "),
    (f"read {RAM_END}", r"page fault: read "),
    (f"write {RAM_END}", r"page fault: write "),
    (f"call {RAM_END}", r"page fault: jump "),
    *((f"read {1 << shift}", r"page fault: read ") for shift in range(26, 47)),
    ("read 0x8000000000", r"page fault: read "),
    ("read 0xffff800000000000", r"page fault: "),
    ("divide_by_zero", r"division by zero"),
    ("invalid_opcode", r"invalid instruction"),
    ("non_canonical", r"general protection fault"),
    *((name, r"") for name in (
        "breakpoint", "interrupt_80", "interrupt_32", "double_fault", "halt", "write_cr0", "read_cr3", "write_cr3",
        "write_cr4", "write_dr7", "write_msr", "read_msr", "load_gdt", "load_idt", "load_tr", "invalidate_page",
        "write_back_caches", "system_call", "system_enter", "system_return", "swap_gs", "far_return_to_ring_0")),
]


@hvt
@pytest.mark.parametrize("words, report", TRAPS, ids=[words for words, _ in TRAPS])
def test_trap(words, report):
    status, output = harness.run("trap", "hvt", options=["--mem=32"], args=words.split())
    assert status == 255, output
    assert "SURVIVED" not in output
    assert re.search(r"^penstock-hvt: the unikernel trapped: .*" + report, output, re.MULTILINE), output
    assert output.endswith("Solo5: ABORT: Fatal trap"), output


@hvt
def test_trap_report_names_the_function_and_its_callers():
    _, output = harness.run("trap", "hvt", args=["text_write"])
    assert re.search(r"^  at 0x[0-9a-f]+ text_write\+0x[0-9a-f]+$", output, re.MULTILINE), output
    backtrace = output.split("backtrace:")[1]
    assert re.search(r"libc_start_main", backtrace), output


@loaded
def test_abort_of_the_libc(target):
    status, output = harness.run("trap", target, args=["libc_abort"])
    assert (status, output) == (255, "case libc_abort")


INVALID_ACCESS = (1, "Invalid guest access")
INVALID_CALL = (1, "Invalid guest hypercall")
INVALID_PORT = (1, "Invalid guest port access")
TRAPPED = (255, "the unikernel trapped: general protection fault")


@hvt
@pytest.mark.parametrize("words, end", [
    ("puts_address 0", INVALID_ACCESS),
    ("puts_address 0x1000", INVALID_ACCESS),
    (f"puts_address {RAM_END}", INVALID_ACCESS),
    ("puts_address 0x8000000000", INVALID_ACCESS),
    ("puts_address 0x10000000000", INVALID_ACCESS),
    ("puts_address 0xfffffffffffff000", INVALID_ACCESS),
    ("puts_across_the_end_of_ram", INVALID_ACCESS),
    ("puts_huge", INVALID_ACCESS),
    ("puts_wrapping", INVALID_ACCESS),
    ("argument_beyond_ram", INVALID_ACCESS),
    ("argument_null", INVALID_ACCESS),
    ("argument_in_text", INVALID_ACCESS),
    ("argument_in_boot_info", INVALID_ACCESS),
    ("tls_base 0x8000000000000000", INVALID_ACCESS),
    ("number 4", INVALID_CALL),
    ("number 7", INVALID_CALL),
    ("number 0x3f", INVALID_CALL),
    ("number 0x44", INVALID_CALL),
    ("out_byte", INVALID_PORT),
    ("in_port", INVALID_PORT),
    ("out_port 0x80", TRAPPED),
    ("out_port 0x600", TRAPPED),
    ("out_port 0xcf8", TRAPPED),
])
def test_hypercall_that_is_refused(words, end):
    status, output = harness.run("hypercall", "hvt", options=["--mem=32"], args=words.split())
    assert status == end[0], output
    assert f"penstock-hvt: {end[1]}" in output
    assert "SUCCESS" not in output


@hvt
@pytest.mark.parametrize("words", ["puts_up_to_the_end_of_ram", "puts_nothing", "puts_boot_info", "pci_of_nobody",
                                   "poll_with_no_time", "tls_base 0"])
def test_hypercall_that_is_odd_but_fine(words):
    status, output = harness.run("hypercall", "hvt", options=["--mem=32"], args=words.split())
    assert status == 0, output
    assert output.endswith("SUCCESS")
