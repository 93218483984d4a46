// SPDX-License-Identifier: ISC
#include "guest/bindings/common/log.h"

#include <solo5.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define LINE_SIZE 256

struct line {
    char text[LINE_SIZE];
    size_t length;
};

/* The last byte stays free for the newline. */
static void put_char(struct line *line, char c)
{
    if (line->length < LINE_SIZE - 1)
        line->text[line->length++] = c;
}

static void put_string(struct line *line, const char *s)
{
    while (*s)
        put_char(line, *s++);
}

static void put_number(struct line *line, unsigned long value, unsigned base)
{
    char digits[20];
    unsigned n = 0;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (n)
        put_char(line, digits[--n]);
}

static void put_signed(struct line *line, long value)
{
    if (value < 0)
        put_char(line, '-');
    put_number(line, value < 0 ? 0 - (unsigned long)value : (unsigned long)value, 10);
}

/* One conversion, its letter at *format; returns the last character it used. */
static const char *put_argument(struct line *line, const char *format, va_list *args)
{
    bool is_long = *format == 'l';

    format += is_long;
    switch (*format) {
    case 's':
        put_string(line, va_arg(*args, const char *));
        break;
    case 'c':
        put_char(line, (char)va_arg(*args, int));
        break;
    case 'd':
        put_signed(line, is_long ? va_arg(*args, long) : va_arg(*args, int));
        break;
    case 'u':
    case 'x':
        put_number(line, is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned),
                   *format == 'u' ? 10 : 16);
        break;
    default:
        put_char(line, *format);
        break;
    }
    return format;
}

void log_line(const struct log *log, enum log_level level, const char *format, ...)
{
    struct line line;
    va_list args;

    if (level > log->level)
        return;
    line.length = 0;
    put_string(&line, "Penstock: ");
    va_start(args, format);
    for (; *format; format++) {
        if (*format == '%' && format[1])
            format = put_argument(&line, format + 1, &args);
        else
            put_char(&line, *format);
    }
    va_end(args);
    line.text[line.length++] = '\n';
    solo5_console_write(line.text, line.length);
}
