/* Writes values the way that a person reads them. What the examples share. */

#ifndef PRINT_VALUE_H
#define PRINT_VALUE_H

#include <inttypes.h>
#include <stdio.h>

#include "zeekwire.h"

static void print_value(FILE *out, const zw_value *value);

static void print_list(FILE *out, const zw_list *list, const char *begin, const char *end) {
    zw_value value;
    fputs(begin, out);
    for (size_t i = 0; zw_list_get(list, i, &value) == ZW_OK; i++) {
        if (i > 0)
            fputs(", ", out);
        print_value(out, &value);
    }
    fputs(end, out);
}

static void print_table(FILE *out, const zw_table_view *table) {
    zw_value key, value;
    fputc('{', out);
    for (size_t i = 0; zw_list_get(&table->keys, i, &key) == ZW_OK; i++) {
        if (zw_list_get(&table->values, i, &value) != ZW_OK)
            break;
        if (i > 0)
            fputs(", ", out);
        print_value(out, &key);
        fputs(" = ", out);
        print_value(out, &value);
    }
    fputc('}', out);
}

static void print_record(FILE *out, const zw_value *record) {
    zw_value field;
    fputc('[', out);
    for (size_t i = 0; zw_list_get(&record->as.record.fields, i, &field) == ZW_OK; i++) {
        const char *name;
        size_t n;
        if (i > 0)
            fputs(", ", out);
        if (zw_record_name(record, i, &name, &n) == ZW_OK)
            fprintf(out, "%.*s=", (int)n, name);
        print_value(out, &field);
    }
    fputc(']', out);
}

static void print_addr(FILE *out, const zw_addr_view *addr) {
    const uint8_t *b = addr->bytes;
    if (addr->width == 4) {
        fprintf(out, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
        return;
    }
    for (int i = 0; i < 16; i += 2)
        fprintf(out, "%s%x", i > 0 ? ":" : "", (unsigned)(b[i] << 8 | b[i + 1]));
}

static void print_value(FILE *out, const zw_value *value) {
    static const char *const protocols[] = {"unknown", "tcp", "udp", "icmp"};
    switch (value->type) {
        case ZW_UNSET: fputs("<unset>", out); break;
        case ZW_BOOL: fputc(value->as.b ? 'T' : 'F', out); break;
        case ZW_COUNT: fprintf(out, "%" PRIu64, value->as.count); break;
        case ZW_INT: fprintf(out, "%+" PRId64, value->as.integer); break;
        case ZW_DOUBLE:
        case ZW_TIME:
        case ZW_INTERVAL: fprintf(out, "%g", value->as.real); break;
        case ZW_STRING:
        case ZW_ENUM: fprintf(out, "%.*s", (int)value->as.string.n, value->as.string.p); break;
        case ZW_PATTERN:
            fprintf(out, "/%.*s/", (int)value->as.pattern.exact_n, value->as.pattern.exact);
            break;
        case ZW_PORT:
            fprintf(out, "%u/%s", value->as.port.number, protocols[value->as.port.protocol & 3]);
            break;
        case ZW_ADDR: print_addr(out, &value->as.addr); break;
        case ZW_SUBNET:
            print_addr(out, &value->as.addr);
            fprintf(out, "/%u", value->as.addr.length);
            break;
        case ZW_SET: print_list(out, &value->as.list, "{", "}"); break;
        case ZW_VECTOR:
        case ZW_LIST: print_list(out, &value->as.list, "[", "]"); break;
        case ZW_ANY: print_list(out, &value->as.list, "", ""); break;
        case ZW_TABLE: print_table(out, &value->as.table); break;
        case ZW_RECORD: print_record(out, value); break;
        case ZW_FUNCTION:
            fprintf(out, "%.*s", (int)value->as.function.n, value->as.function.name);
            break;
        case ZW_OPAQUE:
            fprintf(out, "<%.*s>", (int)value->as.opaque.n, value->as.opaque.type_id);
            break;
        default: fputs(zw_type_name(value->type), out);
    }
}

#endif
