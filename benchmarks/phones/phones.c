/* Phones: many calls of Twilio's over WebSocket, whose every frame is numbered and has to come back.
 *
 * A generator of Python's takes as much of a core as the servers that it is to fill; this one little more than what
 * the kernel takes for its sockets. Of its input it takes lines: "add N" and "drop N" calls, and "look", which is
 * answered by one line of JSON with what was counted up to now. It ends with its input. Linux.
 *
 * Masks are of zeros: nothing is hidden here. */

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "frames.h"

#define PLACE_MS 3       /* from one call that is added to the next: a greeting is work for a server */
#define CONNECT_US 20000 /* a server that takes no call for so long has none; the others would have to wait */

static int placed, wanted, epoll_fd, port;
static int64_t behind_ms; /* by how much the clock is ahead of what was said */

static void hang_up(struct call *call)
{
    if (call->fd >= 0)
        close(call->fd);
    call->fd = -1;
    call->open = 0;
}

static void lose(struct call *call)
{
    counted.ended++;
    hang_up(call);
}

/* A frame that does not fit is held back; one of which a part went out leaves nothing that could follow. */
static int send_all(struct call *call, const char *bytes, size_t size)
{
    ssize_t went = send(call->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (went == (ssize_t)size)
        return 1;
    if (went < 0 && errno == EAGAIN)
        counted.held++;
    else
        lose(call);
    return 0;
}

static int send_text(struct call *call, char *message, size_t size)
{
    static const size_t head = 8; /* `message` begins with so many bytes that are free */
    unsigned char header[8] = {0x81, 0x80 | 126, (unsigned char)(size >> 8), (unsigned char)size, 0, 0, 0, 0};
    memcpy(message, header, head);
    return send_all(call, message, head + size);
}

static void speak(struct call *call, uint32_t number)
{
    char message[640], coded[9];
    write_numbers(coded, (uint32_t)(call - calls), number);
    int size = snprintf(message + 8, sizeof message - 8,
                        "{\"event\":\"media\",\"sequenceNumber\":\"%u\",\"media\":{\"track\":\"inbound\","
                        "\"chunk\":\"%u\",\"timestamp\":\"%u\",\"payload\":\"%s%s\"},\"streamSid\":\"MZ%032u\"}",
                        number + 2, number + 1, number * FRAME_MS, coded, filling, (unsigned)(call - calls));
    if (send_text(call, message, (size_t)size))
        counted.sent++;
}

static void begin(struct call *call)
{
    char message[640];
    unsigned number = (unsigned)(call - calls);
    int size = snprintf(message + 8, sizeof message - 8,
                        "{\"event\":\"start\",\"sequenceNumber\":\"1\",\"start\":{\"accountSid\":\"AC%032u\","
                        "\"streamSid\":\"MZ%032u\",\"callSid\":\"CA%032u\",\"tracks\":[\"inbound\"],\"mediaFormat\":"
                        "{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000,\"channels\":1},\"customParameters\":{}},"
                        "\"streamSid\":\"MZ%032u\"}",
                        number, number, number, number);
    call->open = send_text(call, message, (size_t)size);
}

static void take_message(struct call *call, const unsigned char *text, size_t size)
{
    const unsigned char *payload = memmem(text, size, "\"payload\"", 9), *end = text + size;
    if (payload == NULL)
        return; /* the server says something else */
    payload = memchr(payload + 9, '"', (size_t)(end - payload) - 9);
    if (payload == NULL || end - ++payload < 8) {
        counted.strange++;
        return;
    }
    uint32_t whose, number = read_numbers(payload, &whose);
    if (whose != (uint32_t)(call - calls) || number >= call->sent)
        counted.strange++;
    else
        take_number(call, number);
}

static void answer_ping(struct call *call, const unsigned char *payload, size_t size)
{
    char pong[6 + 125] = {(char)0x8A, (char)(0x80 | size)};
    memcpy(pong + 6, payload, size);
    send_all(call, pong, 6 + size);
}

/* Take the whole messages of what has come; return how many bytes they are. */
static size_t take_messages(struct call *call)
{
    size_t start = 0;
    while (call->size - start >= 4) {
        const unsigned char *frame = call->bytes + start;
        size_t size = frame[1], head = 2;
        if (size == 126)
            size = (size_t)frame[2] << 8 | frame[3], head = 4;
        if (frame[1] > 126 || size + head > sizeof call->bytes || frame[0] == 0x88) {
            lose(call); /* it says goodbye, or what no server of audio says */
            return start;
        }
        if (call->size - start < head + size)
            break;
        if (frame[0] == 0x81)
            take_message(call, frame + head, size);
        else if (frame[0] == 0x89 && size < 126)
            answer_ping(call, frame + head, size);
        if (!call->open)
            return start;
        start += head + size;
    }
    return start;
}

static void take_answer(struct call *call)
{
    unsigned char *end = memmem(call->bytes, call->size, "\r\n\r\n", 4);
    if (end == NULL)
        return;
    if (memcmp(call->bytes, "HTTP/1.1 101", 12) != 0) {
        lose(call);
        return;
    }
    call->size -= (size_t)(end + 4 - call->bytes);
    memmove(call->bytes, end + 4, call->size);
    begin(call);
}

static void take(struct call *call)
{
    ssize_t came = recv(call->fd, call->bytes + call->size, sizeof call->bytes - call->size, MSG_DONTWAIT);
    if (came < 0 && errno == EAGAIN)
        return;
    if (came <= 0) {
        lose(call);
        return;
    }
    call->size += (size_t)came;
    if (!call->open)
        take_answer(call);
    if (!call->open)
        return;
    size_t start = take_messages(call);
    if (start && call->open)
        memmove(call->bytes, call->bytes + start, call->size -= start);
}

static void place(void)
{
    static const char request[] = "GET /twilio HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                  "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    struct call *call = &calls[placed++];
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = call};
    struct timeval patience = {.tv_usec = CONNECT_US};
    int one = 1;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *call = (struct call){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    setsockopt(call->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); /* connect minds it, too */
    setsockopt(call->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(call->fd, (struct sockaddr *)&server, sizeof server) ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, call->fd, &event))
        lose(call);
    else
        send_all(call, request, sizeof request - 1);
}

/* Say what is due in this millisecond: each call has one in 20, so that they do not speak all at once. */
static void tick(int64_t number, int64_t due_ns)
{
    for (int i = (int)(number % FRAME_MS); i < placed; i += FRAME_MS) {
        struct call *call = &calls[i];
        if (!call->open)
            continue;
        if (!call->sent)
            call->began_ns = due_ns;
        speak(call, call->sent++);
    }
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void look(void)
{
    struct rusage used;
    int talking = 0;
    getrusage(RUSAGE_SELF, &used);
    for (int i = 0; i < placed; i++)
        talking += calls[i].open;
    printf("{\"at_s\": %.6f, \"cpu_s\": %.6f, \"behind_ms\": %lld, \"talking\": %d, \"overdue\": %lld, ",
           (double)now_ns() / 1e9, seconds(used.ru_utime) + seconds(used.ru_stime), (long long)behind_ms, talking,
           overdue(now_ns(), placed));
    printf("\"sent\": %lld, \"returned\": %lld, \"missing\": %lld, \"late\": %lld, \"duplicated\": %lld, ",
           counted.sent, counted.returned, counted.missing, counted.late, counted.duplicated);
    printf("\"reordered\": %lld, \"strange\": %lld, \"held\": %lld, \"ended\": %lld}\n", counted.reordered,
           counted.strange, counted.held, counted.ended);
    fflush(stdout);
}

static void obey(char *line)
{
    int number = 0;
    if (sscanf(line, "add %d", &number) == 1)
        wanted = wanted + number < MOST_CALLS ? wanted + number : MOST_CALLS;
    else if (sscanf(line, "drop %d", &number) == 1)
        for (wanted = wanted > number ? wanted - number : 0; placed > wanted;)
            hang_up(&calls[--placed]);
    else
        look();
}

/* Lines are short, and a pipe keeps what is written at once in one piece. */
static void obey_all(void)
{
    char lines[1024], *rest = NULL;
    ssize_t size = read(STDIN_FILENO, lines, sizeof lines - 1);
    if (size <= 0)
        exit(0);
    lines[size] = 0;
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        obey(line);
}

int main(int count, char **arguments)
{
    struct epoll_event events[256], input = {.events = EPOLLIN, .data.ptr = NULL}, timer = {.events = EPOLLIN};
    struct itimerspec period = {{0, MS_NS}, {0, MS_NS}};
    if (count != 2)
        return 2;
    port = atoi(arguments[1]);
    prepare();
    int timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    timer.data.ptr = &period;
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &input);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &timer);
    timerfd_settime(timer_fd, 0, &period, NULL);
    int64_t began_ns = now_ns(), number = 0;
    for (;;) {
        int ready = epoll_wait(epoll_fd, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            uint64_t times;
            if (events[i].data.ptr == NULL)
                obey_all();
            else if (events[i].data.ptr != &period) {
                if (((struct call *)events[i].data.ptr)->fd >= 0)
                    take(events[i].data.ptr);
            } else if (read(timer_fd, &times, sizeof times) < 0)
                return 1;
        }
        int64_t due = (now_ns() - began_ns) / MS_NS;
        behind_ms = due - number; /* it catches up, but in pieces, or it would read nothing any more */
        for (int64_t end = due < number + FRAME_MS ? due : number + FRAME_MS; number < end; number++) {
            tick(number, began_ns + number * MS_NS);
            if (placed < wanted && number % PLACE_MS == 0)
                place();
        }
    }
}
