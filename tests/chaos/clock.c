/* Preloaded into a process, moves its wall clock by as many seconds as the file that SYNAPSE_CHAOS_CLOCK names holds (a binary int64). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *shift;
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_gettimeofday)(struct timeval *, void *);

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("SYNAPSE_CHAOS_CLOCK");
    int file = name ? open(name, O_RDONLY) : -1;
    if (file >= 0) {
        void *page = mmap(0, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
        shift = page == MAP_FAILED ? 0 : page;
        close(file);
    }
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!real_clock_gettime) real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real_clock_gettime(clock, now);
    if (!done && shift && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *shift;
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    if (!real_gettimeofday) real_gettimeofday = dlsym(RTLD_NEXT, "gettimeofday");
    int done = real_gettimeofday(now, zone);
    if (!done && shift) now->tv_sec += *shift;
    return done;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
