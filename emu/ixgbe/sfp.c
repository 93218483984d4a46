// SPDX-License-Identifier: ISC
/* What sits behind the MAC: an SFP+ module on a bit-banged I2C bus, and nothing on MDIO. */
#include "nic.h"

#define SFP_ADDRESS 0xa0u /* SFF-8472: the serial identification page */

/* SFF-8472, table 4-1: what is not listed reads 0. The vendor is Intel, or Linux would want to be
 * asked. */
static uint8_t sfp_byte(uint8_t offset)
{
    static const uint8_t text[] = "PENSTOCK        "
                                  "\0\x00\x1b\x21"
                                  "SOFT-10GBASE-SR "
                                  "1   ";
    static const uint8_t serial[] = "1               "
                                    "260101  ";

    switch (offset) {
    case 0: /* identifier: SFP or SFP+ */
        return 0x03;
    case 1: /* extended identifier: defined by the two-wire interface */
        return 0x04;
    case 2: /* connector: LC */
        return 0x07;
    case 3: /* transceiver: 10GBASE-SR */
        return 0x10;
    case 11: /* encoding: 64B/66B */
        return 0x06;
    case 12: /* 10.3 Gbit/s */
        return 103;
    case 60: /* wavelength: 850 nm */
        return 0x03;
    case 61:
        return 0x52;
    default:
        if (offset >= 68 && offset < 68 + sizeof(serial) - 1)
            return serial[offset - 68];
        return offset >= 20 && offset < 20 + sizeof(text) - 1 ? text[offset - 20] : 0;
    }
}

static uint8_t sfp_read(uint8_t offset)
{
    unsigned sum = 0;

    if (offset != 63 && offset != 95) /* CC_BASE: the sum of bytes 0 to 62; CC_EXT: 64 to 94 */
        return sfp_byte(offset);
    for (uint8_t i = offset == 63 ? 0 : 64; i < offset; i++)
        sum += sfp_byte(i);
    return (uint8_t)sum;
}

/* The byte from the master is complete: take it, and say whether to acknowledge. */
static bool i2c_byte(struct nic_i2c *i2c)
{
    switch (i2c->phase) {
    case I2C_ADDRESS:
        if ((i2c->byte & 0xfe) != SFP_ADDRESS)
            return false;
        i2c->phase = i2c->byte & 1 ? I2C_READ : I2C_OFFSET;
        return true;
    case I2C_OFFSET:
        i2c->offset = i2c->byte;
        i2c->phase = I2C_WRITE;
        return true;
    case I2C_WRITE: /* there is nothing to write */
        return true;
    default:
        return false;
    }
}

/* SCL rises: whoever listens looks at SDA. The ninth bit is the acknowledge. */
static void i2c_rise(struct nic_i2c *i2c)
{
    i2c->bits++;
    if (i2c->bits <= 8 && i2c->phase != I2C_READ)
        i2c->byte = (uint8_t)(i2c->byte << 1 | i2c->sda);
    if (i2c->bits == 9 && i2c->phase == I2C_READ && i2c->sda && !i2c->low)
        i2c->phase = I2C_IDLE; /* the master has had enough */
}

/* SCL falls: whoever talks sets SDA. */
static void i2c_fall(struct nic_i2c *i2c)
{
    i2c->low = false;
    if (i2c->phase == I2C_IDLE)
        return;
    if (i2c->bits == 8 && i2c->phase != I2C_READ) {
        i2c->low = i2c_byte(i2c);
        if (!i2c->low)
            i2c->phase = I2C_IDLE;
        return;
    }
    if (i2c->bits >= 9)
        i2c->bits = 0;
    if (i2c->phase != I2C_READ)
        return;
    if (i2c->bits == 0)
        i2c->byte = sfp_read(i2c->offset++);
    if (i2c->bits < 8)
        i2c->low = !(i2c->byte >> (7 - i2c->bits) & 1);
}

void nic_i2cctl_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    struct nic_i2c *i2c = &nic->i2c;
    bool scl = value & IXGBE_I2CCTL_SCL_OUT, sda = value & IXGBE_I2CCTL_SDA_OUT;
    bool scl_before = i2c->scl, sda_before = i2c->sda;

    (void)offset;
    i2c->scl = scl;
    i2c->sda = sda;
    if (scl_before && scl && sda_before != sda) { /* start if SDA falls, stop if it rises */
        i2c->phase = sda ? I2C_IDLE : I2C_ADDRESS;
        i2c->low = false;
        i2c->bits = 0;
    } else if (!scl_before && scl) {
        i2c_rise(i2c);
    } else if (scl_before && !scl) {
        i2c_fall(i2c);
    }
}

uint32_t nic_i2cctl_read(struct nic *nic, uint32_t offset)
{
    const struct nic_i2c *i2c = &nic->i2c;

    (void)offset;
    return (i2c->scl ? IXGBE_I2CCTL_SCL_IN | IXGBE_I2CCTL_SCL_OUT : 0) |
           (i2c->sda ? IXGBE_I2CCTL_SDA_OUT : 0) |
           (i2c->sda && !i2c->low ? IXGBE_I2CCTL_SDA_IN : 0);
}

/* No PHY answers: reads find the pulled-up line. */
void nic_msca_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    if (value & IXGBE_MSCA_MDICMD)
        *nic_reg(nic, IXGBE_MSRWD) |= 0xffff0000;
    *nic_reg(nic, offset) = value & ~IXGBE_MSCA_MDICMD;
}
