// SPDX-License-Identifier: ISC
#include "host/tender/elf_machine.h"

#include <elf.h>

const uint16_t elf_host_machine = EM_AARCH64;
