/* Listens, subscribes, and prints events until there were as many as wanted. The program has its
 * own event loop, which watches the library's descriptor like any other.
 *
 *   subscriber LOCATION FILTER COUNT
 */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print_value.h"
#include "zeekwire.h"

struct wanted {
    unsigned long long left;
};

static void on_event(zw_context *context, const zw_message *message, const char *name, size_t n,
                     const zw_list *args, void *cookie) {
    struct wanted *wanted = cookie;
    size_t topic_n;
    const char *topic = zw_message_topic(message, &topic_n);
    (void)context;
    if (wanted->left == 0)
        return;
    wanted->left--;
    printf("%s on %.*s: %.*s", zw_message_publisher(message), (int)topic_n, topic, (int)n, name);
    print_list(stdout, args, "(", ")");
    zw_value time;
    uint64_t id;
    if (zw_message_metadata(message, 0, &id, &time) == ZW_OK && id == 1)
        printf(" at %g", time.as.real);
    putchar('\n');
}

static void on_effective(zw_context *context, zw_result result, void *cookie) {
    (void)context;
    fprintf(stderr, "subscribed to %s: %s\n", (const char *)cookie, zw_result_name(result));
}

static int fail(zw_context *context, const char *what) {
    fprintf(stderr, "subscriber: %s: %s (%s)\n", what, zw_context_strerror(context),
            zw_result_name(zw_context_errno(context)));
    zw_context_destroy(context);
    return EXIT_FAILURE;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: subscriber LOCATION FILTER COUNT\n");
        return EXIT_FAILURE;
    }
    const char *location = argv[1], *filter = argv[2], *error = "", *bound = "";
    struct wanted wanted = {strtoull(argv[3], NULL, 10)};

    zw_context_options options;
    zw_context_options_init(&options);
    options.name = "subscriber";
    zw_context *context = zw_context_create(&options, &error);
    if (!context) {
        fprintf(stderr, "subscriber: %s\n", error);
        return EXIT_FAILURE;
    }

    zw_on_event(context, NULL, on_event, &wanted);
    if (zw_topic_subscribe(context, NULL, filter, strlen(filter), on_effective, argv[2]) != ZW_OK)
        return fail(context, filter);
    if (!zw_connection_listen(context, NULL, location, ZW_AUTO_PUBLISH | ZW_AUTO_SUBSCRIBE, NULL,
                              NULL, &bound))
        return fail(context, location);
    fprintf(stderr, "listens at %s\n", bound);

    struct pollfd polled = {zw_context_fd(context), POLLIN, 0};
    while (wanted.left > 0) {
        if (poll(&polled, 1, 20000) <= 0)
            return fail(context, "nothing came");
        /* A bounded bite: other descriptors have their turn in between. */
        if (zw_process(context, NULL, NULL) != ZW_OK)
            return fail(context, "processing");
    }
    zw_context_destroy(context);
    return EXIT_SUCCESS;
}
