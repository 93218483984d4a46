// SPDX-License-Identifier: ISC
/* A tender's command line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/tender/options.h"

/* What the options did, in the order in which they did it. */
struct seen {
    char text[256];
};

static int note(void *context, const char *value, struct tender_error *error)
{
    struct seen *seen = context;

    if (strcmp(value, "bad") == 0)
        return tender_fail(error, -ERANGE, "bad value");
    strcat(seen->text, value);
    strcat(seen->text, ";");
    return 0;
}

struct line {
    int argc;
    char *argv[8];
};

static struct tender_option *table(struct seen *seen)
{
    static struct tender_option options[3];

    options[0] = (struct tender_option){"--mem=", "N", "memory", note, seen};
    options[1] = (struct tender_option){"--pci:", "NAME=WHERE", "device", note, seen};
    options[2] = (struct tender_option){"--stats", NULL, "statistics", note, seen};
    return options;
}

static int scan(struct line *line, int *first, struct seen *seen, struct tender_error *error)
{
    int rc;

    while (line->argv[line->argc] != NULL)
        line->argc++;
    rc = tender_options_scan(line->argc, line->argv, table(seen), 3, first, error);
    return rc < 0 ? rc : tender_options_apply(*first, line->argv, table(seen), 3, error);
}

static void finds_the_unikernel(void **state)
{
    const struct {
        struct line line;
        int first;
        const char *seen;
    } cases[] = {
        {{0, {"t", "u"}}, 1, ""},
        {{0, {"t", "--mem=64", "u", "--mem=65"}}, 2, "64;"},
        {{0, {"t", "--pci:a=b", "--mem=1", "--pci:c=d=e", "u"}}, 4, "a=b;1;c=d=e;"},
        {{0, {"t", "--stats", "--", "u", "--x"}}, 3, ";"},
        {{0, {"t", "--", "--u"}}, 2, ""},
        {{0, {"t", "--", "--", "x"}}, 2, ""},
        {{0, {"t", "--mem=", "u"}}, 2, ";"},
        {{0, {"t"}}, 1, ""},
        {{0, {"t", "--"}}, 2, ""},
        {{0, {"t", "--stats"}}, 2, ";"},
        {{0, {"t", "", "x"}}, 1, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct line line = cases[i].line;
        struct seen seen = {""};
        struct tender_error error;
        int first;

        assert_int_equal(scan(&line, &first, &seen, &error), 0);
        assert_int_equal(first, cases[i].first);
        assert_string_equal(seen.text, cases[i].seen);
    }
}

static void refuses_unknown_words(void **state)
{
    char *const words[] = {"--mem", "-x", "-", "--stats=1", "--Mem=1", "--pci", "--foo"};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct line line = {0, {"t", "--mem=1", words[i], "u"}};
        struct seen seen = {""};
        struct tender_error error = {""};
        int first;

        assert_int_equal(scan(&line, &first, &seen, &error), -EINVAL);
        assert_non_null(strstr(error.text, words[i]));
        assert_string_equal(seen.text, ""); /* before anything was applied */
    }
}

static void hands_on_what_an_option_refuses(void **state)
{
    struct line line = {0, {"t", "--mem=1", "--mem=bad", "--mem=3", "u"}};
    struct seen seen = {""};
    struct tender_error error = {""};
    int first;

    (void)state;
    assert_int_equal(scan(&line, &first, &seen, &error), -ERANGE);
    assert_string_equal(error.text, "bad value");
    assert_string_equal(seen.text, "1;");
}

static void knows_what_was_given(void **state)
{
    char *argv[] = {"t", "--stats", "--", "--mem=1", "u"};

    (void)state;
    assert_true(tender_options_given(3, argv, "--stats"));
    assert_false(tender_options_given(3, argv, "--mem=1"));
    assert_false(tender_options_given(1, argv, "--stats"));
}

static void joins_the_command_line(void **state)
{
    char *argv[] = {"a", "", "b c", "d"};
    char line[16];
    struct tender_error error;

    (void)state;
    assert_int_equal(tender_cmdline_join(4, argv, line, sizeof line, &error), 0);
    assert_string_equal(line, "a  b c d");
    assert_int_equal(tender_cmdline_join(0, argv, line, sizeof line, &error), 0);
    assert_string_equal(line, "");
    assert_int_equal(tender_cmdline_join(4, argv, line, 9, &error), 0);
    assert_string_equal(line, "a  b c d");
    assert_int_equal(tender_cmdline_join(4, argv, line, 8, &error), -E2BIG);
    assert_int_equal(tender_cmdline_join(1, argv, line, 1, &error), -E2BIG);
}

static void prints_help(void **state)
{
    struct seen seen;
    char text[512] = "";
    FILE *out = fmemopen(text, sizeof text, "w");

    (void)state;
    tender_options_help(out, table(&seen), 3);
    fclose(out);
    assert_non_null(strstr(text, "--pci:NAME=WHERE"));
    assert_non_null(strstr(text, "statistics\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_unikernel),  cmocka_unit_test(refuses_unknown_words),
        cmocka_unit_test(knows_what_was_given), cmocka_unit_test(hands_on_what_an_option_refuses),
        cmocka_unit_test(prints_help),          cmocka_unit_test(joins_the_command_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
