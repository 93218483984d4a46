// SPDX-License-Identifier: ISC
#include <penstock/stack.h>

#include <errno.h>

/* A decimal number up to max, without sign or leading zeroes; *text is moved behind it. -EINVAL. */
static int parse_number(const char **text, unsigned max, unsigned *number)
{
    const char *p = *text;
    unsigned value = 0;

    if (*p < '0' || *p > '9' || (p[0] == '0' && p[1] >= '0' && p[1] <= '9'))
        return -EINVAL;
    for (; *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (unsigned)(*p - '0');
        if (value > max)
            return -EINVAL;
    }
    *text = p;
    *number = value;
    return 0;
}

static int parse_address(const char **text, uint32_t *address)
{
    *address = 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned byte;

        if (i > 0 && *(*text)++ != '.')
            return -EINVAL;
        if (parse_number(text, 255, &byte) != 0)
            return -EINVAL;
        *address = *address << 8 | byte;
    }
    return 0;
}

int stack_ipv4_parse(const char *text, struct stack_ipv4 *ipv4)
{
    struct stack_ipv4 parsed = {0};

    if (parse_address(&text, &parsed.address) != 0 || *text++ != '/' ||
        parse_number(&text, 32, &parsed.prefix) != 0)
        return -EINVAL;
    if (*text == ',') {
        text++;
        if (parse_address(&text, &parsed.gateway) != 0)
            return -EINVAL;
    }
    if (*text != '\0' || parsed.address == 0)
        return -EINVAL;
    *ipv4 = parsed;
    return 0;
}
