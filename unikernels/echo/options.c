// SPDX-License-Identifier: ISC
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT 8080 /* Figure 2.2 */

/* What follows "--NAME=" in a word, or NULL. */
static const char *value_of(const char *word, const char *name)
{
    size_t n = strlen(name);

    return strncmp(word, name, n) == 0 ? word + n : NULL;
}

static int parse_ipv4(const char *text, struct echo_options *options)
{
    if (stack_ipv4_parse(text, &options->ipv4) != 0) {
        printf("echo: --ipv4=%s: want ADDRESS/PREFIX[,GATEWAY], as in 10.0.0.2/24,10.0.0.1\n",
               text);
        return -1;
    }
    snprintf(options->address, sizeof(options->address), "%.*s", (int)strcspn(text, "/"), text);
    return 0;
}

static int parse_port(const char *text, struct echo_options *options)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || port < 1 || port > 65535) {
        printf("echo: --port=%s: want a number from 1 to 65535\n", text);
        return -1;
    }
    options->port = (uint16_t)port;
    return 0;
}

static int parse_word(const char *word, struct echo_options *options)
{
    const char *value;

    if ((value = value_of(word, "--ipv4=")) != NULL)
        return parse_ipv4(value, options);
    if ((value = value_of(word, "--port=")) != NULL)
        return parse_port(value, options);
    printf("echo: unknown option %s; there are --ipv4=ADDRESS/PREFIX[,GATEWAY] and --port=N\n",
           word);
    return -1;
}

int echo_options_parse(const char *cmdline, struct echo_options *options)
{
    char *words = strdup(cmdline);
    char *rest = words;
    char *word;
    int result = 0;

    *options = (struct echo_options){.port = PORT};
    if (words == NULL) {
        printf("echo: out of memory\n");
        return -1;
    }
    while (result == 0 && (word = strsep(&rest, " ")) != NULL) {
        if (*word != '\0')
            result = parse_word(word, options);
    }
    free(words);
    if (result == 0 && options->address[0] == '\0') {
        printf("echo: which address? --ipv4=ADDRESS/PREFIX[,GATEWAY], as in --ipv4=10.0.0.2/24\n");
        result = -1;
    }
    return result;
}
