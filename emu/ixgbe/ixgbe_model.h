// SPDX-License-Identifier: ISC
/* The software Intel 82599: one port of an X520 with an SFP+ module (10GBASE-SR). */
#ifndef PENSTOCK_EMU_IXGBE_MODEL_H
#define PENSTOCK_EMU_IXGBE_MODEL_H

#include "emu/device.h"

/*
 * Makes a device in its state after power-on. 0 or -errno; on error the port stays the caller's.
 * The device goes away with its ops->destroy, which closes the port.
 */
int ixgbe_model_create(const struct emu_nic_config *config, struct emu_device **dev);

#endif
