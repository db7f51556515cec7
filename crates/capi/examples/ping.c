/* Round trips between two processes, with payloads that are written and read without values of the
 * library's in between: as a program does that has values of its own.
 *
 *   ping LOCATION serve      answers, until it is interrupted or the other side says goodbye
 *   ping LOCATION COUNT      asks so many times, and says goodbye
 */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zeekwire.h"

static zw_context *context;
static zw_encoder *encoder;
static zw_decoder *decoder;
static uint64_t count, trips;
static double sum_us, least_us, most_us;

static double now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void fail(const char *what, const char *why) {
    fprintf(stderr, "ping: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void check(const char *what, zw_result result) {
    if (result != ZW_OK)
        fail(what, zw_context_strerror(context));
}

static void on_signal(int number) {
    (void)number;
    zw_stop_running(context);
}

static void send(const char *topic, const char *name, uint64_t number, double at_us) {
    const uint8_t *payload;
    size_t n;
    zw_encode_event(encoder, name, strlen(name), 2, 0);
    zw_encode_count(encoder, number);
    zw_encode_double(encoder, at_us);
    if (zw_encode_finish(encoder, &payload, &n) != ZW_OK)
        fail(name, zw_encoder_strerror(encoder));
    check(topic, zw_publish(context, ZW_CLASS_EVENT, topic, strlen(topic), "capnp-v1", payload, n));
}

/* Number and time of an event, if it has the name. */
static int is_event(const zw_message *message, const char *wanted, uint64_t *number, double *at) {
    size_t n, name_n;
    const char *name;
    zw_list args;
    zw_value first, second;
    const uint8_t *payload = zw_message_payload(message, &n);
    if (zw_decode_event(decoder, payload, n, &name, &name_n, &args, NULL) != ZW_OK)
        fail("damaged event", zw_decoder_strerror(decoder));
    if (name_n != strlen(wanted) || memcmp(name, wanted, name_n) != 0)
        return 0;
    if (zw_list_get(&args, 0, &first) != ZW_OK || first.type != ZW_COUNT ||
        zw_list_get(&args, 1, &second) != ZW_OK || second.type != ZW_DOUBLE)
        return 0;
    *number = first.as.count;
    *at = second.as.real;
    return 1;
}

static void serve(zw_context *same, const zw_message *message, void *cookie) {
    uint64_t number;
    double at_us;
    (void)same;
    (void)cookie;
    if (is_event(message, "Ping::ping", &number, &at_us))
        send("ping/back", "Ping::pong", number, at_us);
    else if (is_event(message, "Ping::goodbye", &number, &at_us))
        zw_stop_running(context);
}

static void ask(zw_context *same, const zw_message *message, void *cookie) {
    uint64_t number;
    double at_us;
    (void)same;
    (void)cookie;
    if (!is_event(message, "Ping::pong", &number, &at_us))
        return;
    double took_us = now_us() - at_us;
    sum_us += took_us;
    least_us = trips == 0 || took_us < least_us ? took_us : least_us;
    most_us = took_us > most_us ? took_us : most_us;
    if (++trips < count)
        send("ping/there", "Ping::ping", trips, now_us());
    else
        zw_stop_running(context);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: ping LOCATION serve|COUNT\n");
        return EXIT_FAILURE;
    }
    const int is_server = strcmp(argv[2], "serve") == 0;
    const uint32_t automatic = ZW_AUTO_PUBLISH | ZW_AUTO_SUBSCRIBE;
    const char *filter = is_server ? "ping/there" : "ping/back", *error = "", *bound = "";
    count = is_server ? 0 : strtoull(argv[2], NULL, 10);
    encoder = zw_encoder_new();
    decoder = zw_decoder_new();
    zw_context_options options;
    zw_context_options_init(&options);
    options.name = is_server ? "ping-server" : "ping";
    options.role = is_server ? ZW_MEMBER : ZW_CLIENT;
    context = zw_context_create(&options, &error);
    if (!context)
        fail("context", error);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);

    check("handler", zw_on_message(context, is_server ? serve : ask, NULL));
    check(filter, zw_topic_subscribe(context, NULL, filter, strlen(filter), NULL, NULL));
    if (is_server) {
        if (!zw_connection_listen(context, NULL, argv[1], automatic, NULL, NULL, &bound))
            fail(argv[1], zw_context_strerror(context));
        fprintf(stderr, "listens at %s\n", bound);
    } else {
        zw_connection *connection = zw_connection_open(context, NULL, argv[1], automatic);
        if (!connection)
            fail(argv[1], zw_context_strerror(context));
        check(argv[1], zw_connection_wait(connection, 10000));
        send("ping/there", "Ping::ping", 0, now_us());
    }
    zw_result ran = zw_run(context, is_server ? -1 : 60000);
    if (!is_server && ran == ZW_OK) {
        send("ping/there", "Ping::goodbye", 0, 0);
        printf("%" PRIu64 " round trips: least %.1f us, mean %.1f us, most %.1f us\n", trips,
               least_us, sum_us / (double)trips, most_us);
    }
    zw_context_stop(context, 1000);
    zw_context_destroy(context);
    zw_decoder_delete(decoder);
    zw_encoder_delete(encoder);
    return ran == ZW_OK && trips == count ? EXIT_SUCCESS : EXIT_FAILURE;
}
