// SPDX-License-Identifier: Apache-2.0
// Many open event streams, at little cost: listeners PORT COUNT TEXT, with a session's token a line
// on standard input. Prints "open" once all are, and "heard" each time that all of them got TEXT.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 16384, EVENTS = 256 };

static size_t take(int fd, char bytes[ROOM + 1])
{
    ssize_t got = read(fd, bytes, ROOM);

    bytes[got > 0 ? got : 0] = 0;
    return got > 0 ? (size_t)got : 0;
}

static int open_stream(int port, const char *token)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char bytes[ROOM + 1];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int len = snprintf(bytes, sizeof bytes,
                       "GET /live HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nCookie: sy_session=%s\r\n\r\n",
                       port, token);

    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 || write(fd, bytes, (size_t)len) != len ||
        take(fd, bytes) == 0 || strncmp(bytes, "HTTP/1.1 200", 12) != 0) {
        fprintf(stderr, "a stream was refused: %.40s\n", bytes);
        exit(1);
    }
    return fd;
}

static void say(const char *word)
{
    puts(word);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int epoll = epoll_create1(0), port = argc == 4 ? atoi(argv[1]) : 0;
    long count = argc == 4 ? atol(argv[2]) : 0, missing = count;
    struct epoll_event events[EVENTS];
    char line[200], bytes[ROOM + 1];

    for (long i = 0; i < count && fgets(line, sizeof line, stdin) != NULL; i++) {
        struct epoll_event event = {.events = EPOLLIN};

        line[strcspn(line, "\n")] = 0;
        event.data.fd = open_stream(port, line);
        epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
    }
    say("open");
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < ready; i++) {
            if (take(events[i].data.fd, bytes) == 0)
                return 1; // cut: a listener fewer is no measurement
            missing -= strstr(bytes, argv[3]) != NULL;
        }
        if (missing == 0) {
            say("heard");
            missing = count;
        }
    }
}
