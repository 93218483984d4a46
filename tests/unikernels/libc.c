// SPDX-License-Identifier: ISC
/* musl on our bindings: memory, strings, stdio, time, and errno where there is nothing below. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

#define BLOCKS 64

/* Memory of which the compiler does not know where it is from, so that it cannot leave out the
 * allocation. */
static char *opaque(char *p)
{
    __asm__("" : "+r"(p) : : "memory");
    return p;
}

/* Each block is filled with its number, and checked before it changes. */
static void malloc_storm(void)
{
    unsigned char *block[BLOCKS] = {0};
    size_t size[BLOCKS] = {0};

    srand(7);
    for (int step = 0; step < 20000; step++) {
        unsigned b = (unsigned)rand() % BLOCKS;
        size_t old = size[b];

        for (size_t i = 0; i < old; i += 1 + old / 16)
            EXPECT(block[b][i] == b);
        size[b] = (size_t)rand() % (step % 100 == 0 ? 300000 : 3000);
        block[b] = realloc(block[b], size[b] + 1);
        EXPECT(block[b] != NULL);
        memset(block[b], (int)b, size[b] + 1);
    }
    for (unsigned b = 0; b < BLOCKS; b++)
        free(block[b]);
}

/* More in all than there is, so that it works only if freed memory is used again. */
static void memory_is_used_again(void)
{
    for (int i = 0; i < 200; i++) {
        size_t size = (size_t)(i % 7 + 1) << 20;
        char *p = opaque(calloc(1, size));

        EXPECT(p != NULL);
        EXPECT(p[0] == 0 && p[size / 2] == 0 && p[size - 1] == 0);
        p[0] = p[size / 2] = p[size - 1] = 1;
        free(opaque(p));
    }
}

static void too_much_is_refused(void)
{
    errno = 0;
    EXPECT(opaque(malloc((size_t)1 << 40)) == NULL && errno == ENOMEM);
    EXPECT(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANON, -1, 0) == MAP_FAILED);
    EXPECT(errno == EACCES);
}

static void strings(void)
{
    char text[] = "penstock";
    char *end;

    EXPECT(strlen(text) == 8 && strcmp(text, "penstock") == 0);
    EXPECT(strchr(text, 's') == text + 3 && strstr(text, "stock") == text + 3);
    EXPECT(memcmp(text, "penstocl", 8) < 0);
    memmove(text + 1, text, 7);
    EXPECT(strcmp(text, "ppenstoc") == 0);
    EXPECT(strtoul("0x1fz", &end, 0) == 0x1f && *end == 'z');
}

static int order(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void sorting(void)
{
    int numbers[1000];

    for (int i = 0; i < 1000; i++)
        numbers[i] = (i * 7919) % 1000;
    qsort(numbers, 1000, sizeof(numbers[0]), order);
    for (int i = 0; i < 1000; i++)
        EXPECT(numbers[i] == i);
}

static void jumps(void)
{
    jmp_buf env;
    volatile int times = 0;

    if (setjmp(env) < 3) {
        times++;
        longjmp(env, times);
    }
    EXPECT(times == 3);
}

static void *thread(void *argument)
{
    return argument;
}

static void what_is_not_there_says_so(void)
{
    pthread_t id;

    errno = 0;
    EXPECT(open("/etc/passwd", O_RDONLY) == -1 && errno == ENOSYS);
    EXPECT(fork() == -1 && errno == ENOSYS);
    EXPECT(write(7, "x", 1) == -1 && errno == EBADF);
    EXPECT(pthread_create(&id, NULL, thread, NULL) != 0);
}

static void random_numbers(void)
{
    uint64_t a = 0;
    uint64_t b = 0;

    if (getrandom(&a, sizeof(a), 0) == -1) {
        EXPECT(errno == ENOSYS);
        printf("no random numbers from this processor\n");
        return;
    }
    EXPECT(getrandom(&b, sizeof(b), 0) == sizeof(b));
    EXPECT(a != b);
}

int solo5_app_main(const struct solo5_start_info *info)
{
    EXPECT(info->heap_size == 0);
    malloc_storm();
    memory_is_used_again();
    too_much_is_refused();
    strings();
    sorting();
    jumps();
    what_is_not_there_says_so();
    random_numbers();
    printf("a line ");
    printf("in two pieces\n");
    fprintf(stderr, "a line on stderr\n");
    return success();
}
