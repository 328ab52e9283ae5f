/* The phones of a load test: N sockets that each send PCMU every 20 ms, and time what comes back by the kernel's clock.
 *
 * A far end in Python is slower than what it should measure. This one is compiled when a bench needs it (bench/far_end.py).
 *
 *     far_end N      prints {"ports": [...]}, then obeys lines on standard input:
 *     talk I PORT    phone I sends to 127.0.0.1:PORT from now on
 *     quiet I        phone I stops
 *     measure S      for S seconds; prints one line of JSON
 *
 * It ends with its standard input. */
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
#define BUCKETS 100001 /* of 0.01 ms */

typedef struct {
    int fd, talks, heard;
    struct sockaddr_in to;
    uint16_t sequence, last_sequence;
    uint32_t timestamp;
    long long due, last;
} Phone;

typedef struct {
    long count[BUCKETS], total;
    double longest;
} Histogram;

static Phone *phones;
static int N, measuring;
static Histogram deviation, lateness;
static long sent, received, lost;

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 * MS + t.tv_nsec;
}

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

static void send_due(long long at) {
    static unsigned char packet[172] = {0x80};
    for (int i = 0; i < N; i++) {
        Phone *p = &phones[i];
        if (!p->talks || at < p->due) continue;
        if (measuring) add(&lateness, (at - p->due) / 1e6);
        *(uint16_t *)(packet + 2) = htons(p->sequence++);
        *(uint32_t *)(packet + 4) = htonl(p->timestamp);
        *(uint32_t *)(packet + 8) = htonl(i + 1);
        p->timestamp += 160;
        memset(packet + 12, 0x20 + p->sequence % 64, 160);
        if (sendto(p->fd, packet, sizeof packet, 0, (void *)&p->to, sizeof p->to) > 0 && measuring) sent++;
        p->due += FRAME;
        if (at - p->due > 10 * FRAME) p->due = at; /* this process was held up: start over, do not flood */
    }
}

static void receive(Phone *p) {
    for (;;) {
        unsigned char data[2048];
        char control[128];
        struct iovec io = {data, sizeof data};
        struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t size = recvmsg(p->fd, &message, 0);
        if (size < 0) return;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        if (size < 13 || data[0] >> 6 != 2 || (data[1] & 127) != 0 || !header || !measuring) continue;
        struct timespec *stamp = (void *)CMSG_DATA(header);
        long long at = stamp->tv_sec * 1000 * MS + stamp->tv_nsec;
        uint16_t sequence = ntohs(*(uint16_t *)(data + 2));
        received++;
        if (p->heard) {
            int16_t step = sequence - p->last_sequence;
            if (step > 1) lost += step - 1;
            add(&deviation, fabs((at - p->last) / 1e6 - 20));
        }
        p->heard = 1;
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
    fflush(stdout);
}

int main(int argc, char **argv) {
    N = argc > 1 ? atoi(argv[1]) : 0;
    if (N < 1 || N > 100000) return 2;
    phones = calloc(N, sizeof *phones);
    int events = epoll_create1(0), one = 1;
    struct epoll_event event = {.events = EPOLLIN};
    printf("{\"ports\": [");
    for (int i = 0; i < N; i++) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
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
                int i, port;
                double seconds;
                *stop = 0;
                if (sscanf(start, "talk %d %d", &i, &port) == 2 && i >= 0 && i < N) {
                    phones[i].to = (struct sockaddr_in){
                        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
                    phones[i].talks = 1;
                    phones[i].due = now() + rand() % FRAME; /* phones are not in step */
                } else if (sscanf(start, "quiet %d", &i) == 1 && i >= 0 && i < N) {
                    phones[i].talks = phones[i].heard = 0;
                } else if (sscanf(start, "measure %lf", &seconds) == 1) {
                    memset(&deviation, 0, sizeof deviation);
                    memset(&lateness, 0, sizeof lateness);
                    sent = received = lost = 0;
                    for (int k = 0; k < N; k++) phones[k].heard = 0;
                    measuring = 1;
                    began = now();
                    end = began + seconds * 1000 * MS;
                }
            }
            held = strlen(start);
            memmove(line, start, held);
        }
        if (measuring && now() >= end) {
            measuring = 0;
            report((now() - began) / 1e9);
        }
    }
}
