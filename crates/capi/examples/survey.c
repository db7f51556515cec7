/* Asks two nodes of this process a question, and prints what they answer. All three contexts share
 * one loop.
 */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zeekwire.h"

static int answers, is_over;

static zw_context *make(const char *name) {
    const char *error = "";
    zw_context_options options;
    zw_context_options_init(&options);
    options.name = name;
    zw_context *context = zw_context_create(&options, &error);
    if (!context) {
        fprintf(stderr, "survey: %s\n", error);
        exit(EXIT_FAILURE);
    }
    return context;
}

static void check(zw_context *context, zw_result result) {
    if (result == ZW_OK)
        return;
    fprintf(stderr, "survey: %s: %s\n", zw_context_name(context), zw_context_strerror(context));
    exit(EXIT_FAILURE);
}

/* How long our name is, as if that were interesting. */
static void on_question(zw_context *context, const zw_message *question, void *cookie) {
    zw_values *args = zw_values_new();
    (void)cookie;
    zw_values_add_count(args, strlen(zw_context_name(context)));
    check(context, zw_answer(context, question, zw_event_new("Name::is", -1, args)));
}

static void on_answer(zw_context *context, const zw_message *answer, void *cookie) {
    zw_list args;
    zw_value length;
    (void)context;
    (void)cookie;
    if (!answer) {
        is_over = 1;
        return;
    }
    if (zw_message_event(answer, NULL, NULL, &args) != ZW_OK ||
        zw_list_get(&args, 0, &length) != ZW_OK || length.type != ZW_COUNT)
        return;
    answers++;
    printf("%s: %llu letters\n", zw_message_publisher(answer),
           (unsigned long long)length.as.count);
}

int main(void) {
    static const char location[] = "inproc://survey", topic[] = "name";
    const uint32_t automatic = ZW_AUTO_PUBLISH | ZW_AUTO_SUBSCRIBE;
    zw_context *contexts[] = {make("asker"), make("bob"), make("mallory")};
    struct pollfd polled[3];

    if (!zw_connection_listen(contexts[0], NULL, location, automatic, NULL, NULL, NULL))
        check(contexts[0], ZW_LISTEN);
    for (int i = 1; i < 3; i++) {
        check(contexts[i], zw_on_question(contexts[i], topic, strlen(topic), on_question, NULL));
        zw_connection *connection =
            zw_connection_open(contexts[i], NULL, location, automatic);
        if (!connection)
            check(contexts[i], ZW_CONNECT);
        check(contexts[i], zw_connection_wait(connection, 10000));
    }
    for (int i = 0; i < 3; i++) {
        polled[i].fd = zw_context_fd(contexts[i]);
        polled[i].events = POLLIN;
    }
    /* Who answers becomes known a moment after the links: ask until both have answered. */
    for (int tries = 0; tries < 100 && answers < 2; tries++) {
        answers = is_over = 0;
        check(contexts[0],
              zw_survey(contexts[0], topic, strlen(topic), zw_event_new("Name::ask", -1, NULL), 2,
                        200, on_answer, NULL));
        while (!is_over && poll(polled, 3, 10000) > 0)
            for (int i = 0; i < 3; i++)
                check(contexts[i], zw_process(contexts[i], NULL, NULL));
    }
    for (int i = 0; i < 3; i++)
        zw_context_destroy(contexts[i]);
    return answers == 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
