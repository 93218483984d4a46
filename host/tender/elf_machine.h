// SPDX-License-Identifier: ISC
/* The machine of this host, as ELF numbers it. */
#ifndef PENSTOCK_TENDER_ELF_MACHINE_H
#define PENSTOCK_TENDER_ELF_MACHINE_H

#include <stdint.h>

extern const uint16_t elf_host_machine;

#endif
