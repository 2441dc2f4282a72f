/*
 * The floor of a delivery: what the kernel asks for one write() of a frame to each of N sockets,
 * every message on its own. A child drains the sockets with epoll, as a client would.
 *
 *   floor [sockets] [bytes] [rounds per second] [seconds]      (1000 140 20 5)
 *
 * Prints CPU µs (user and system) of the writing process for each write.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec * 1e6 + u.ru_utime.tv_usec + u.ru_stime.tv_sec * 1e6 + u.ru_stime.tv_usec;
}

static void drain(struct sockaddr_in address, int sockets)
{
    static char buffer[1 << 16];
    struct epoll_event events[256];
    int poll = epoll_create1(0);
    for (int i = 0; i < sockets; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address))
            fail("connect");
        struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.fd = fd };
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    }
    for (;;) {
        int n = epoll_wait(poll, events, 256, -1);
        for (int i = 0; i < n; i++)
            if (recv(events[i].data.fd, buffer, sizeof buffer, MSG_DONTWAIT) == 0)
                exit(0);
    }
}

int main(int argc, char **argv)
{
    int sockets = argc > 1 ? atoi(argv[1]) : 1000;
    int bytes = argc > 2 ? atoi(argv[2]) : 140;
    int rate = argc > 3 ? atoi(argv[3]) : 20;
    int seconds = argc > 4 ? atoi(argv[4]) : 5;
    if (sockets < 1 || bytes < 1 || rate < 1 || seconds < 1) {
        fprintf(stderr, "usage: floor [sockets] [bytes] [rounds per second] [seconds], each 1 or more\n");
        return 2;
    }
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);

    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 4096))
        fail("listen");
    getsockname(server, (struct sockaddr *)&address, &length);
    pid_t child = fork();
    if (child == 0)
        drain(address, sockets);
    int *fds = calloc((size_t)sockets, sizeof *fds);
    for (int i = 0; i < sockets; i++)
        if ((fds[i] = accept(server, NULL, NULL)) < 0)
            fail("accept");
    char *frame = malloc((size_t)bytes);
    memset(frame, 'x', (size_t)bytes);

    int rounds = rate * seconds;
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    double before = cpu_us();
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < sockets; i++)
            if (write(fds[i], frame, (size_t)bytes) != bytes)
                fail("write");
        due.tv_nsec += 1000000000 / rate;
        if (due.tv_nsec >= 1000000000) {
            due.tv_nsec -= 1000000000;
            due.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    printf("%.2f\n", (cpu_us() - before) / ((double)rounds * sockets));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return 0;
}
