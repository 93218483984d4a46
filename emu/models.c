// SPDX-License-Identifier: ISC
#include "models.h"

#include "ixgbe/ixgbe_model.h"

const struct emu_model *emu_model(unsigned i)
{
    static const struct emu_model models[] = {
        {"82599", "Intel 82599 10 Gigabit Ethernet controller (X520), one port",
         ixgbe_model_create},
    };

    return i < sizeof(models) / sizeof(models[0]) ? &models[i] : NULL;
}
