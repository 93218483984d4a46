// SPDX-License-Identifier: ISC
/* The EEPROM: its contents as drivers check them, and its two interfaces, EERD and the SPI pins of
 * EEC (datasheet 6.2, 3.5). */
#include "nic.h"

#define CHECKSUM_WORD 0x3fu
#define CHECKSUM      0xbabau
#define NO_POINTER    0xffffu

enum { /* word addresses: 6.2 for the lower ones, the upper ones are ours */
       WORD_FIRST_SECTION = 0x03,
       WORD_LAST_SECTION = 0x0e,
       WORD_FIRMWARE = 0x0f,
       WORD_ALT_SAN_MAC = 0x27,
       WORD_SAN_MAC = 0x28,
       WORD_SFP_LIST = 0x2b,
       WORD_CAPABILITIES = 0x2c,
       WORD_IMAGE_LOW = 0x2d,
       WORD_IMAGE_HIGH = 0x2e,
       FIRMWARE = 0x80,
       PATCH = 0x90,
       SFP_LIST = 0xa0,
       SFP_SEQUENCE = 0xb0,
};

/* Drivers program the analog core as this list says, one entry per kind of module; ours needs
 * nothing. */
static void put_sfp_list(uint16_t *nvm)
{
    unsigned at = SFP_LIST + 1;

    for (uint16_t kind = 3; kind <= 6; kind++) { /* copper, then optical: first and second port */
        nvm[at++] = kind;
        nvm[at++] = SFP_SEQUENCE;
    }
    nvm[at] = 0xffff;
    nvm[SFP_SEQUENCE] = 1;
    nvm[SFP_SEQUENCE + 1] = 0xffff;
}

void nic_nvm_init(struct nic *nic)
{
    uint16_t *nvm = nic->nvm, sum = 0;

    memset(nic->nvm, 0, sizeof(nic->nvm));
    for (unsigned i = WORD_FIRST_SECTION; i <= WORD_LAST_SECTION; i++)
        nvm[i] = NO_POINTER;
    nvm[WORD_FIRMWARE] = FIRMWARE;
    nvm[FIRMWARE + 2] = NO_POINTER; /* no LESM: link establishment is the driver's */
    nvm[FIRMWARE + 4] = PATCH;
    nvm[PATCH + 7] = 9; /* firmware version: drivers refuse 5 and less */
    nvm[WORD_ALT_SAN_MAC] = NO_POINTER;
    nvm[WORD_SAN_MAC] = NO_POINTER;
    nvm[WORD_SFP_LIST] = SFP_LIST;
    nvm[WORD_CAPABILITIES] = 0x0001; /* any SFP+ module */
    nvm[WORD_IMAGE_LOW] = 1;         /* what ethtool -i calls the firmware's version: 0x80000001 */
    nvm[WORD_IMAGE_HIGH] = 0x8000;
    put_sfp_list(nvm);
    for (unsigned i = 0; i < CHECKSUM_WORD; i++)
        sum = (uint16_t)(sum + nvm[i]);
    nvm[CHECKSUM_WORD] = (uint16_t)(CHECKSUM - sum);
}

void nic_eerd_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    uint32_t address = (value & IXGBE_EERD_ADDR) >> 2;
    uint32_t word = address < NIC_NVM_WORDS ? nic->nvm[address] : 0xffff;

    if (value & IXGBE_EERD_START)
        *nic_reg(nic, offset) = word << 16 | address << 2 | IXGBE_EERD_DONE;
}

/* ---- SPI mode 0: both sides set their line when the clock falls and look when it rises ---- */

enum { SPI_READ = 0x03, SPI_READ_STATUS = 0x05 };

/* A bit has come in. A command is 8 bits, an address (in bytes) 16. */
static void spi_in(struct nic_spi *spi, bool bit)
{
    if (spi->bits < 24)
        spi->bits++;
    spi->shift = spi->shift << 1 | bit;
    if (spi->bits == 8) {
        spi->opcode = (uint8_t)spi->shift;
        spi->output = spi->opcode == SPI_READ_STATUS;
    } else if (spi->bits == 24 && spi->opcode == SPI_READ && !spi->output) {
        spi->output = true;
        spi->position = (spi->shift & 0xffff) * 8;
    }
}

/* The next bit to put out: of a word, its low byte first. Status is 0: ready. */
static void spi_out(struct nic *nic)
{
    struct nic_spi *spi = &nic->spi;
    uint32_t word = spi->position / 16 % NIC_NVM_WORDS, bit = spi->position % 16;

    if (!spi->output)
        return;
    spi->line = spi->opcode == SPI_READ && (nic->nvm[word] >> (bit ^ 7) & 1);
    spi->position++;
}

void nic_eec_write(struct nic *nic, uint32_t offset, uint32_t value)
{
    uint32_t *eec = nic_reg(nic, offset), before = *eec;
    const uint32_t ours =
        IXGBE_EEC_SK | IXGBE_EEC_CS | IXGBE_EEC_DI | IXGBE_EEC_FWE | IXGBE_EEC_REQ;

    *eec = value & ours;
    if (!(value & IXGBE_EEC_REQ) || (value & IXGBE_EEC_CS))
        nic->spi = (struct nic_spi){0};
    else if (~before & value & IXGBE_EEC_SK)
        spi_in(&nic->spi, value & IXGBE_EEC_DI);
    else if (before & ~value & IXGBE_EEC_SK)
        spi_out(nic);
}

uint32_t nic_eec_read(struct nic *nic, uint32_t offset)
{
    uint32_t eec = *nic_reg(nic, offset);
    uint32_t size = 31 - (uint32_t)__builtin_clz(NIC_NVM_WORDS) - 6;

    if (eec & IXGBE_EEC_REQ)
        eec |= IXGBE_EEC_GNT;
    if (nic->spi.line)
        eec |= IXGBE_EEC_DO;
    return eec | IXGBE_EEC_PRES | IXGBE_EEC_AUTO_RD | IXGBE_EEC_ADDR16 | size << 11;
}
