/* Connects to a node and raises events with values of many types.
 *
 *   publisher LOCATION TOPIC COUNT
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zeekwire.h"

static int fail(zw_context *context, const char *what) {
    fprintf(stderr, "publisher: %s: %s (%s)\n", what, zw_context_strerror(context),
            zw_result_name(zw_context_errno(context)));
    zw_context_destroy(context);
    return EXIT_FAILURE;
}

/* The arguments of one event. Appending needs no checks: the first fault shows when the event is
 * raised. */
static zw_values *arguments(uint64_t number) {
    static const uint8_t host[4] = {192, 0, 2, 7};
    zw_values *args = zw_values_new();
    zw_values_add_count(args, number);
    zw_values_add_string(args, "hello", 5);
    zw_values_add_addr(args, host, sizeof host);
    zw_values_add_port(args, 443, 1);
    zw_values_begin(args, ZW_RECORD);
    zw_values_add_field(args, "seen", 4);
    zw_values_add_bool(args, number % 2 == 0);
    zw_values_add_field(args, "names", 5);
    zw_values_begin(args, ZW_SET);
    zw_values_add_string(args, "a", 1);
    zw_values_add_string(args, "b", 1);
    zw_values_end(args);
    zw_values_add_field(args, "counts", 6);
    zw_values_begin(args, ZW_TABLE);
    zw_values_add_string(args, "n", 1);
    zw_values_add_int(args, -3);
    zw_values_end(args);
    zw_values_add_field(args, "note", 4);
    zw_values_add_unset(args);
    zw_values_end(args);
    return args;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: publisher LOCATION TOPIC COUNT\n");
        return EXIT_FAILURE;
    }
    const char *location = argv[1], *topic = argv[2], *error = "";
    const uint64_t count = strtoull(argv[3], NULL, 10);

    zw_context_options options;
    zw_context_options_init(&options);
    options.name = "publisher";
    zw_context *context = zw_context_create(&options, &error);
    if (!context) {
        fprintf(stderr, "publisher: %s\n", error);
        return EXIT_FAILURE;
    }

    zw_connection *connection =
        zw_connection_open(context, NULL, location, ZW_AUTO_PUBLISH | ZW_AUTO_SUBSCRIBE);
    if (!connection)
        return fail(context, location);
    /* From then on, what is published reaches those who subscribed. */
    if (zw_connection_wait(connection, 10000) != ZW_OK)
        return fail(context, location);

    for (uint64_t number = 0; number < count; number++) {
        zw_event *event = zw_event_new("Example::seen", 1234.5, arguments(number));
        if (zw_event_raise(context, topic, strlen(topic), event) != ZW_OK)
            return fail(context, topic);
    }
    printf("published %llu events to %s\n", (unsigned long long)count, topic);

    /* Sends what still waits, for at most five seconds. */
    zw_context_stop(context, 5000);
    zw_context_destroy(context);
    return EXIT_SUCCESS;
}
