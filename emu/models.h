// SPDX-License-Identifier: ISC
/* The software devices that there are. */
#ifndef PENSTOCK_EMU_MODELS_H
#define PENSTOCK_EMU_MODELS_H

#include "device.h"

struct emu_model {
    const char *name;
    const char *summary;

    /* 0 or -errno; the port in config is the device's only on success. */
    int (*create)(const struct emu_nic_config *config, struct emu_device **dev);
};

/* The i-th model; NULL after the last. */
const struct emu_model *emu_model(unsigned i);

#endif
