/* The phones of a load test: N sockets that each send PCMU every 20 ms, and time what comes back by the kernel's clock.
 *
 * A far end in Python is slower than what it should measure. This one is compiled when a bench needs it (bench/far_end.py).
 *
 *     far_end N                 prints {"ports": [...]}, then obeys lines on standard input:
 *     clip K FIRST LAST FILE    what phones can say: raw PCMU, voiced from frame FIRST to LAST
 *     talk I PORT               phone I sends to 127.0.0.1:PORT from now on, a pattern that is no speech
 *     call I PORT               phone I sends silence to 127.0.0.1:PORT, and follows what it hears
 *     say I K                   it says clip K
 *     keys I 123#               it presses keys: 100 ms each, 60 ms apart (RFC 4733, payload type 101)
 *     track I                   prints what it has heard: "track I N", then N times (8 bytes), then N marks (1 byte)
 *     quiet I                   phone I stops
 *     measure S                 for S seconds; prints one line of JSON
 *
 * A phone that follows prints, with times in seconds of CLOCK_REALTIME:
 *
 *     speaks I START AUDIBLE    the other side has begun to speak: the first sounding and the first audible packet
 *     pauses I AUDIBLE          nothing was audible for 0.2 s; the last audible packet
 *     resumes I AUDIBLE         it goes on after such a pause
 *     silent I AUDIBLE          nothing was audible for 0.7 s; the last audible packet
 *     said I ONSET OFFSET       when the first and the last voiced frame of the clip left
 *     pressed I FIRST LAST      when the first packet of the first and of the last key left
 *
 * What is sounding, audible and speech is as in voicebot/caller/ear.py, for a line without noise. It ends with its
 * standard input. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000LL
#define FRAME (20 * MS)
#define SAMPLES 160
#define BUCKETS 100001 /* of 0.01 ms */
#define CLIPS 64
#define KEYS 64
#define EVENT_TYPE 101
#define KEY_FRAMES 5    /* 100 ms */
#define KEY_PERIOD 8    /* and 60 ms */
#define MAX_HEARD 30000 /* frames of a call that are kept: ten minutes */
#define SOUNDING 2.5119e-7 /* -66 dBFS, as mean squares of full scale */
#define AUDIBLE 1.5849e-5  /* -48 dBFS */
#define CONFIRM 3
#define JOIN 0.1
#define HOLE 0.2
#define QUIET 0.7

typedef struct { unsigned char *audio; int frames, first, last; } Clip;

typedef struct {
    int fd, talks, follows, heard;
    struct sockaddr_in to;
    uint16_t sequence, last_sequence;
    uint32_t timestamp, key_timestamp;
    long long due, last;
    /* what it says */
    const Clip *clip;
    int frame, key, beat;
    char keys[KEYS];
    double onset, offset;
    /* what it hears */
    int speaking, pausing, candidates, count;
    double start, audible, last_candidate, last_audible;
    double *times;
    unsigned char *marks;
} Phone;

typedef struct { long count[BUCKETS], total; double longest; } Histogram;

static Phone *phones;
static Clip clips[CLIPS];
static int N, measuring;
static long sent, received, lost;
static Histogram deviation, lateness;
static float square[256]; /* of a PCMU sample, of full scale */

static long long clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000 * MS + t.tv_nsec;
}

static long long now(void) { return clock_ns(CLOCK_MONOTONIC); }

static double wall(void) { return clock_ns(CLOCK_REALTIME) / 1e9; }

static void add(Histogram *h, double ms) {
    long bucket = ms * 100;
    h->count[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    h->total++;
    if (ms > h->longest) h->longest = ms;
}

static double percentile(const Histogram *h, double share) {
    long seen = 0;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += h->count[i]) && seen >= h->total * share) return (i + 1) / 100.0;
    return 0;
}

/* --- sending */
static void header(const Phone *p, unsigned char *packet, int type, uint32_t timestamp) {
    packet[0] = 0x80;
    packet[1] = type;
    *(uint16_t *)(packet + 2) = htons(p->sequence);
    *(uint32_t *)(packet + 4) = htonl(timestamp);
    *(uint32_t *)(packet + 8) = htonl(p - phones + 1);
}

static void deliver(Phone *p, unsigned char *packet, size_t size) {
    sent += sendto(p->fd, packet, size, 0, (void *)&p->to, sizeof p->to) > 0;
    p->sequence++;
}

/* The packets of the key that is down; 0 in the pause after it, which is audio. */
static int send_key(Phone *p) {
    static const char names[] = "0123456789*#";
    unsigned char packet[16];
    int beat = p->beat, last = !p->keys[p->key + 1];
    if (beat == 0) {
        p->key_timestamp = p->timestamp;
        if (p->key == 0) p->onset = wall();
        if (last) p->offset = wall();
    }
    if (beat < KEY_FRAMES) {
        int ends = beat == KEY_FRAMES - 1;
        packet[12] = strchr(names, p->keys[p->key]) - names;
        packet[13] = (ends ? 0x80 : 0) | 10;
        *(uint16_t *)(packet + 14) = htons((beat + 1) * SAMPLES);
        for (int copy = 0; copy < (ends ? 3 : 1); copy++) {
            header(p, packet, EVENT_TYPE | (beat == 0 ? 0x80 : 0), p->key_timestamp);
            deliver(p, packet, sizeof packet);
        }
    }
    if (++p->beat < KEY_PERIOD) return beat < KEY_FRAMES;
    p->beat = 0;
    p->key++;
    if (last) {
        p->keys[0] = 0;
        printf("pressed %d %.6f %.6f\n", (int)(p - phones), p->onset, p->offset);
    }
    return 0;
}

static void send_audio(Phone *p) {
    unsigned char packet[12 + SAMPLES];
    const Clip *clip = p->clip;
    header(p, packet, 0, p->timestamp);
    if (clip)
        memcpy(packet + 12, clip->audio + p->frame * SAMPLES, SAMPLES);
    else
        memset(packet + 12, p->follows ? 0xff : 0x20 + p->sequence % 64, SAMPLES);
    if (clip && p->frame == clip->first) p->onset = wall();
    if (clip && p->frame == clip->last) p->offset = wall();
    deliver(p, packet, sizeof packet);
    if (!clip || ++p->frame < clip->frames) return;
    p->clip = NULL;
    printf("said %d %.6f %.6f\n", (int)(p - phones), p->onset, p->offset);
}

static void pause_heard(Phone *p, double at);

static void send_due(long long at) {
    for (int i = 0; i < N; i++) {
        Phone *p = &phones[i];
        if (!p->talks || at < p->due) continue;
        if (measuring) add(&lateness, (at - p->due) / 1e6);
        if (!p->keys[0] || !send_key(p)) send_audio(p);
        p->timestamp += SAMPLES;
        p->due += FRAME;
        if (at - p->due > 10 * FRAME) p->due = at; /* this process was held up: start over, do not flood */
        if (p->follows) pause_heard(p, wall());
    }
}

/* --- hearing */
static void tell(const Phone *p, const char *what, double at) { printf("%s %d %.6f\n", what, (int)(p - phones), at); }

static void pause_heard(Phone *p, double at) {
    if (!p->speaking) return;
    if (!p->pausing && at - p->last_audible >= HOLE) {
        p->pausing = 1;
        tell(p, "pauses", p->last_audible);
    }
    if (at - p->last_audible < QUIET) return;
    p->speaking = p->candidates = 0;
    p->last_candidate = 0;
    tell(p, "silent", p->last_audible);
}

static void hear(Phone *p, const unsigned char *payload, int size, double at) {
    float sum = 0;
    for (int i = 0; i < size; i++) sum += square[payload[i]];
    int mark = sum > AUDIBLE * size ? 2 : sum > SOUNDING * size ? 1 : 0;
    if (p->count < MAX_HEARD) {
        p->times[p->count] = at;
        p->marks[p->count++] = mark;
    }
    pause_heard(p, at);
    if (p->speaking && mark == 2) {
        p->last_audible = at;
        if (p->pausing) tell(p, "resumes", at);
        p->pausing = 0;
    }
    if (p->speaking || !mark) return;
    if (at - p->last_candidate >= JOIN) {
        p->start = at;
        p->candidates = 0;
    }
    p->last_candidate = at;
    if (mark == 2 && !p->candidates++) p->audible = at;
    if (mark == 2 && p->candidates == CONFIRM) {
        p->speaking = 1;
        p->pausing = 0;
        p->last_audible = at;
        printf("speaks %d %.6f %.6f\n", (int)(p - phones), p->start, p->audible);
    }
}

static void receive(Phone *p) {
    for (;;) {
        unsigned char data[2048];
        char control[128];
        struct sockaddr_in from;
        struct iovec io = {data, sizeof data};
        struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &io, .msg_iovlen = 1,
                                 .msg_control = control, .msg_controllen = sizeof control};
        ssize_t size = recvmsg(p->fd, &message, 0);
        if (size < 0) return;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        if (size < 13 || data[0] >> 6 != 2 || (data[1] & 127) != 0 || !header) continue;
        if (!p->talks || from.sin_port != p->to.sin_port) continue; /* of the call before */
        struct timespec *stamp = (void *)CMSG_DATA(header);
        long long at = stamp->tv_sec * 1000 * MS + stamp->tv_nsec;
        if (p->follows) hear(p, data + 12, size - 12, at / 1e9);
        uint16_t sequence = ntohs(*(uint16_t *)(data + 2));
        if (measuring) {
            received++;
            if (p->heard) {
                int16_t step = sequence - p->last_sequence;
                if (step > 1) lost += step - 1;
                add(&deviation, fabs((at - p->last) / 1e6 - 20));
            }
        }
        p->heard = measuring;
        p->last = at;
        p->last_sequence = sequence;
    }
}

static void report(double seconds) {
    printf("{\"seconds\": %.3f, \"sent\": %ld, \"received\": %ld, \"lost\": %ld, \"deviation_p50_ms\": %.2f, "
           "\"deviation_p99_ms\": %.2f, \"deviation_max_ms\": %.2f, \"far_end_late_p99_ms\": %.2f, "
           "\"far_end_late_max_ms\": %.2f}\n",
           seconds, sent, received, lost, percentile(&deviation, .5), percentile(&deviation, .99), deviation.longest,
           percentile(&lateness, .99), lateness.longest);
}

static void track(Phone *p) {
    printf("track %d %d\n", (int)(p - phones), p->count);
    fwrite(p->times, sizeof *p->times, p->count, stdout);
    fwrite(p->marks, 1, p->count, stdout);
}

/* --- orders */
static int load(const char *line) {
    static char path[4096];
    int k, first, last;
    if (sscanf(line, "clip %d %d %d %4095[^\n]", &k, &first, &last, path) != 4 || k < 0 || k >= CLIPS) return 0;
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    int frames = (size + SAMPLES - 1) / SAMPLES;
    unsigned char *audio = malloc(frames * SAMPLES + 1);
    memset(audio, 0xff, frames * SAMPLES + 1);
    int whole = fread(audio, 1, size, file) == (size_t)size;
    fclose(file);
    clips[k] = (Clip){audio, frames, first, last};
    return whole;
}

static void connect_phone(Phone *p, int port, int follows) {
    p->to = (struct sockaddr_in){AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
    p->talks = 1;
    p->heard = p->speaking = p->candidates = p->count = 0;
    p->keys[0] = 0;
    p->clip = NULL;
    p->due = now() + rand() % FRAME; /* phones are not in step */
    p->follows = follows;
    if (follows && !p->times) {
        p->times = malloc(MAX_HEARD * sizeof *p->times);
        p->marks = malloc(MAX_HEARD);
    }
}

static void obey(const char *line, long long *began, long long *end) {
    int i, value;
    double seconds;
    char word[16], text[KEYS] = "";
    if (!strncmp(line, "clip ", 5) && !load(line)) fprintf(stderr, "far_end: cannot take: %s\n", line);
    if (sscanf(line, "measure %lf", &seconds) == 1) {
        memset(&deviation, 0, sizeof deviation);
        memset(&lateness, 0, sizeof lateness);
        sent = received = lost = 0;
        measuring = 1;
        *began = now();
        *end = *began + seconds * 1000 * MS;
    }
    if (sscanf(line, "%15s %d %63s", word, &i, text) < 2 || i < 0 || i >= N) return;
    Phone *p = &phones[i];
    value = atoi(text);
    if (!strcmp(word, "talk") || !strcmp(word, "call"))
        connect_phone(p, value, *word == 'c');
    else if (!strcmp(word, "say") && value >= 0 && value < CLIPS && clips[value].audio) {
        p->clip = &clips[value];
        p->frame = 0;
    } else if (!strcmp(word, "keys") && *text && strspn(text, "0123456789*#") == strlen(text)) {
        strcpy(p->keys, text);
        p->key = p->beat = 0;
    } else if (!strcmp(word, "track"))
        track(p);
    else if (!strcmp(word, "quiet"))
        p->talks = p->heard = p->follows = 0;
}

int main(int argc, char **argv) {
    N = argc > 1 ? atoi(argv[1]) : 0;
    if (N < 1 || N > 100000) return 2;
    phones = calloc(N, sizeof *phones);
    for (int code = 0; code < 256; code++) { /* G.711, table 2a */
        int bits = ~code & 0xff, value = (((bits & 15) << 3) + 132) << (bits >> 4 & 7);
        square[code] = (value - 132) / 32768.0 * ((value - 132) / 32768.0);
    }
    int events = epoll_create1(0), one = 1;
    struct epoll_event event = {.events = EPOLLIN};
    printf("{\"ports\": [");
    for (int i = 0; i < N; i++) {
        struct sockaddr_in a = {AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {0}};
        socklen_t size = sizeof a;
        Phone *p = &phones[i];
        p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (p->fd < 0 || bind(p->fd, (void *)&a, size) || getsockname(p->fd, (void *)&a, &size)) {
            perror("far_end: socket");
            return 1;
        }
        setsockopt(p->fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
        event.data.u32 = i;
        epoll_ctl(events, EPOLL_CTL_ADD, p->fd, &event);
        printf("%s%d", i ? ", " : "", ntohs(a.sin_port));
    }
    printf("]}\n");
    fflush(stdout);
    fcntl(0, F_SETFL, O_NONBLOCK);
    event.data.u32 = N;
    epoll_ctl(events, EPOLL_CTL_ADD, 0, &event);
    static char line[65536];
    size_t held = 0;
    long long began = 0, end = 0;
    for (;;) {
        /* Sleep, then ask: who waited in epoll_wait would be woken by every packet, at the expense of its sender. */
        struct epoll_event ready[1024];
        nanosleep(&(struct timespec){0, MS / 2}, NULL);
        send_due(now());
        int count = epoll_wait(events, ready, 1024, 0);
        for (int e = 0; e < count; e++) {
            if (ready[e].data.u32 < (uint32_t)N) {
                receive(&phones[ready[e].data.u32]);
                continue;
            }
            ssize_t got = read(0, line + held, sizeof line - 1 - held);
            if (got == 0 || (got < 0 && errno != EAGAIN)) return 0;
            held += got > 0 ? got : 0;
            line[held] = 0;
            char *start = line, *stop;
            for (; (stop = strchr(start, '\n')); start = stop + 1) {
                *stop = 0;
                obey(start, &began, &end);
            }
            held = strlen(start);
            memmove(line, start, held);
        }
        if (measuring && now() >= end) {
            measuring = 0;
            report((now() - began) / 1e9);
        }
        fflush(stdout);
    }
}
