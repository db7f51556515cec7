/* Sends back what it hears, value by value: events on mirror/to go out on mirror/back.
 *
 *   mirror LOCATION
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zeekwire.h"

static void copy(zw_values *to, const zw_value *value);

static void copy_list(zw_values *to, const zw_list *list) {
    zw_value element;
    for (size_t i = 0; zw_list_get(list, i, &element) == ZW_OK; i++)
        copy(to, &element);
}

static void begin(zw_values *to, const zw_value *value) {
    if (value->ordered)
        zw_values_begin_ordered(to, value->type);
    else
        zw_values_begin(to, value->type);
}

static void copy_entries(zw_values *to, const zw_table_view *table) {
    zw_value key, value;
    for (size_t i = 0; zw_list_get(&table->keys, i, &key) == ZW_OK &&
                       zw_list_get(&table->values, i, &value) == ZW_OK;
         i++) {
        copy(to, &key);
        copy(to, &value);
    }
}

static void copy_record(zw_values *to, const zw_value *record) {
    zw_value field;
    const char *name;
    size_t n;
    zw_values_begin(to, ZW_RECORD);
    for (size_t i = 0; zw_list_get(&record->as.record.fields, i, &field) == ZW_OK; i++) {
        if (zw_record_name(record, i, &name, &n) == ZW_OK)
            zw_values_add_field(to, name, n);
        copy(to, &field);
    }
    zw_values_end(to);
}

static void copy_function(zw_values *to, const zw_function_view *function) {
    if (!function->is_closure) {
        zw_values_add_function(to, function->name, function->n);
        return;
    }
    zw_values_begin_closure(to, function->name, function->n);
    copy_list(to, &function->captures);
    zw_values_end(to);
}

static void copy(zw_values *to, const zw_value *value) {
    const zw_value_data *as = &value->as;
    switch (value->type) {
        case ZW_UNSET: zw_values_add_unset(to); break;
        case ZW_BOOL: zw_values_add_bool(to, as->b); break;
        case ZW_COUNT: zw_values_add_count(to, as->count); break;
        case ZW_INT: zw_values_add_int(to, as->integer); break;
        case ZW_DOUBLE: zw_values_add_double(to, as->real); break;
        case ZW_TIME: zw_values_add_time(to, as->real); break;
        case ZW_INTERVAL: zw_values_add_interval(to, as->real); break;
        case ZW_STRING: zw_values_add_string(to, as->string.p, as->string.n); break;
        case ZW_ENUM: zw_values_add_enum(to, as->string.p, as->string.n); break;
        case ZW_PATTERN:
            zw_values_add_pattern(to, as->pattern.exact, as->pattern.exact_n,
                                  as->pattern.anywhere, as->pattern.anywhere_n);
            break;
        case ZW_PORT: zw_values_add_port(to, as->port.number, as->port.protocol); break;
        case ZW_ADDR: zw_values_add_addr(to, as->addr.bytes, as->addr.width); break;
        case ZW_SUBNET:
            zw_values_add_subnet(to, as->addr.bytes, as->addr.width, as->addr.length);
            break;
        case ZW_SET:
        case ZW_VECTOR:
        case ZW_LIST:
        case ZW_ANY:
            begin(to, value);
            copy_list(to, &as->list);
            zw_values_end(to);
            break;
        case ZW_TABLE:
            begin(to, value);
            copy_entries(to, &as->table);
            zw_values_end(to);
            break;
        case ZW_RECORD: copy_record(to, value); break;
        case ZW_FUNCTION: copy_function(to, &as->function); break;
        case ZW_OPAQUE:
            zw_values_begin_opaque(to, as->opaque.type_id, as->opaque.n);
            copy_list(to, &as->opaque.data);
            zw_values_end(to);
            break;
        default: fprintf(stderr, "mirror: a value of type %d\n", (int)value->type); exit(1);
    }
}

static void on_event(zw_context *context, const zw_message *message, const char *name, size_t n,
                     const zw_list *args, void *cookie) {
    static const char topic[] = "mirror/back";
    zw_values *values = zw_values_new();
    char *text = malloc(n + 1);
    (void)message;
    (void)cookie;
    memcpy(text, name, n);
    text[n] = '\0';
    copy_list(values, args);
    if (zw_event_raise(context, topic, strlen(topic), zw_event_new(text, -1, values)) != ZW_OK) {
        fprintf(stderr, "mirror: %s: %s\n", text, zw_context_strerror(context));
        exit(1);
    }
    free(text);
}

int main(int argc, char **argv) {
    static const char filter[] = "mirror/to";
    const char *error = "";
    zw_context_options options;
    zw_context_options_init(&options);
    options.name = "mirror";
    zw_context *context = argc == 2 ? zw_context_create(&options, &error) : NULL;
    if (!context) {
        fprintf(stderr, "mirror: %s\n", argc == 2 ? error : "say where to connect");
        return EXIT_FAILURE;
    }
    if (zw_on_event(context, NULL, on_event, NULL) != ZW_OK ||
        zw_topic_subscribe(context, NULL, filter, strlen(filter), NULL, NULL) != ZW_OK ||
        !zw_connection_open(context, NULL, argv[1], ZW_AUTO_PUBLISH | ZW_AUTO_SUBSCRIBE) ||
        zw_run(context, -1) != ZW_OK) {
        fprintf(stderr, "mirror: %s\n", zw_context_strerror(context));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
