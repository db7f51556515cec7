/* libzeekwire: publish and subscribe for Zeek clusters, and for any program that talks to one.
 *
 * Generated from Rust by zeekwire-codegen: do not edit.
 *
 * A zw_context is one node of a cluster. Make one, set handlers, subscribe, connect or listen, and
 * call zw_process() whenever its descriptor is readable, or zw_run().
 *
 * Threads. Nothing is called behind the program's back: handlers run inside zw_process() and
 * zw_run(), on the thread that called that; accept handlers alone run on the context's own thread.
 * "Any thread" means that a function may be called by several threads at once.
 *
 * Ownership. What a function makes is freed by its counterpart. "Takes" means that an argument
 * belongs to the library from then on, also when the call fails. All else is borrowed for the call.
 *
 * Errors. Functions return a zw_result, or NULL or -1. zw_context_errno() and zw_context_strerror()
 * tell what failed last on this thread.
 *
 * Forks. A context that has yet to start survives a fork. Where the parent has started one, every
 * call in the child returns ZW_FORKED.
 */
#ifndef ZEEKWIRE_H
#define ZEEKWIRE_H


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Changes when programs must be compiled anew.
#define ZW_ABI_VERSION 1

// Every topic may leave over the connection, not only what zw_topic_publish() names.
#define ZW_AUTO_PUBLISH 1

// The peer is asked for everything that the context subscribes to, not only for what is subscribed
// on this connection.
#define ZW_AUTO_SUBSCRIBE 2

// Allows to listen where other machines can connect. Links are neither encrypted nor authenticated
// yet: whoever reaches the port can read and write everything.
#define ZW_INSECURE_REMOTE 4

// Tries to connect once, and not again.
#define ZW_ONE_ATTEMPT 8

// What became of a call. Numbers never change; a newer library may have more of them.
enum zw_result
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It was done.
    ZW_OK = 0,
    // A pointer, name, option or number breaks a rule.
    ZW_INVALID = 1,
    // A topic or filter breaks a rule.
    ZW_TOPIC = 2,
    // More bytes, or deeper nesting, than a message may have.
    ZW_TOO_LARGE = 3,
    // The queues are full: try again later, or do with one message less. It was counted.
    ZW_OVERLOADED = 4,
    // The context was stopped.
    ZW_STOPPED = 5,
    // No format has this name.
    ZW_FORMAT = 6,
    // Bytes that arrived are damaged.
    ZW_DECODE = 7,
    // What was given cannot be encoded.
    ZW_ENCODE = 8,
    // A value has another type.
    ZW_TYPE = 9,
    // There is no such thing.
    ZW_NOT_FOUND = 10,
    // Past the last element.
    ZW_END = 11,
    // The endpoint cannot be bound.
    ZW_LISTEN = 12,
    // The connection cannot be made.
    ZW_CONNECT = 13,
    // The endpoint is not on this machine, and that was not allowed.
    ZW_NOT_LOCAL = 14,
    // Not in time.
    ZW_TIMEOUT = 15,
    // No member of the pool is there.
    ZW_EMPTY_POOL = 16,
    // The other side does not want it.
    ZW_REFUSED = 17,
    // The operating system gave no thread, descriptor or memory.
    ZW_SYSTEM = 18,
    // A fault of this library: the context does nothing more, the program may go on.
    ZW_PANIC = 19,
    // This process is a forked child of the one that started the context.
    ZW_FORKED = 20,
    // Called again from within itself, or started already.
    ZW_BUSY = 21,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zw_result zw_result;
#else
typedef int32_t zw_result;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Whether a node takes part in routing and membership.
enum zw_role
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // A member of the cluster: it passes messages on, and others hear of it.
    ZW_MEMBER = 0,
    // Attached to one member: it never passes anything on, and nobody hears of it.
    ZW_CLIENT = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zw_role zw_role;
#else
typedef int32_t zw_role;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What happens to events that find no room.
enum zw_policy
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Whoever publishes waits a while, or is told ZW_OVERLOADED.
    ZW_BLOCK = 0,
    // The oldest that wait make room.
    ZW_DROP_OLDEST = 1,
    // The new one is dropped.
    ZW_DROP_NEWEST = 2,
    // The peer is disconnected. Not for inboxes.
    ZW_DISCONNECT = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zw_policy zw_policy;
#else
typedef int32_t zw_policy;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What happened to a link.
enum zw_link_change
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Both sides agreed to talk.
    ZW_LINK_UP = 1,
    // The peer's subscriptions are effective here: what is published from now on reaches it.
    ZW_LINK_READY = 2,
    // The link ended. Connections that this side opened are made again, unless they were closed
    // or opened with ZW_ONE_ATTEMPT.
    ZW_LINK_DOWN = 3,
    // An attempt to connect failed.
    ZW_LINK_FAILED = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zw_link_change zw_link_change;
#else
typedef int32_t zw_link_change;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// The type of a value. Numbers never change; a newer library may have more of them.
enum zw_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Nothing: an unset record field, or a hole in a vector.
    ZW_UNSET = 0,
    // `as.b`
    ZW_BOOL = 1,
    // `as.count`
    ZW_COUNT = 2,
    // `as.integer`
    ZW_INT = 3,
    // `as.real`
    ZW_DOUBLE = 4,
    // `as.real`: seconds since the Unix epoch.
    ZW_TIME = 5,
    // `as.real`: seconds.
    ZW_INTERVAL = 6,
    // `as.string`: any bytes.
    ZW_STRING = 7,
    // `as.pattern`
    ZW_PATTERN = 8,
    // `as.string`: the fully qualified name, UTF-8.
    ZW_ENUM = 9,
    // `as.port`
    ZW_PORT = 10,
    // `as.addr`
    ZW_ADDR = 11,
    // `as.addr`, with the length of the prefix.
    ZW_SUBNET = 12,
    // `as.list`: the elements. Whether one is there twice was not checked.
    ZW_SET = 13,
    // `as.table`. Whether a key is there twice was not checked.
    ZW_TABLE = 14,
    // `as.record`
    ZW_RECORD = 15,
    // `as.list`: the elements; holes are unset.
    ZW_VECTOR = 16,
    // `as.list`: the parts of a composite index.
    ZW_LIST = 17,
    // `as.function`
    ZW_FUNCTION = 18,
    // `as.opaque`
    ZW_OPAQUE = 19,
    // `as.list`: one value, whose declared type is any.
    ZW_ANY = 20,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zw_type zw_type;
#else
typedef int32_t zw_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Kinds of traffic. Each has queues of its own, and the lower number goes first.
enum zw_class
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Mutations of stores.
    ZW_CLASS_STORE = 1,
    // Events.
    ZW_CLASS_EVENT = 2,
    // Batches of log records.
    ZW_CLASS_LOG = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zw_class zw_class;
#else
typedef int32_t zw_class;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What happened to a member.
enum zw_member_change
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It is there: what is published from now on reaches it.
    ZW_MEMBER_UP = 1,
    // It is gone.
    ZW_MEMBER_DOWN = 2,
    // This other node has the better right to this node's name. All links were closed; stop the
    // context.
    ZW_MEMBER_YIELDED = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum zw_member_change zw_member_change;
#else
typedef int32_t zw_member_change;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// A connection to another node, made again whenever it is lost; or one that a peer made.
typedef struct zw_connection zw_connection;

// One node of a cluster. A process may have several; each has a thread of its own, once started.
typedef struct zw_context zw_context;

// Reads one payload after the other, in place.
//
// Any one thread at a time, the lists that were taken included.
typedef struct zw_decoder zw_decoder;

// Writes one payload after the other.
//
// Begin with `zw_encode_event`, then put each value with one call. After the call of a container
// the values in it follow, as many as it announced. The first fault sticks: calls after it do
// nothing, and `zw_encode_finish` reports it. So no call in between needs to be checked. With NULL
// for the encoder they do nothing.
//
// Any one thread at a time.
typedef struct zw_encoder zw_encoder;

// An event that has yet to be raised: a name, arguments, and a time.
typedef struct zw_event zw_event;

// An endpoint that a context listens at.
typedef struct zw_listener zw_listener;

// A message that arrived. Those that handlers are given are valid until the handler returns;
// those from zw_message_keep() until zw_message_release(). Nothing is copied to look at one.
typedef struct zw_message zw_message;

// A group of members of which one gets each event: those that are up take part, and this context
// too if it belongs to the pool. Each context hears what it is given by a pool.
typedef struct zw_pool zw_pool;

// A list of values that is built by appending. The first call that fails leaves it unusable until
// `zw_values_clear`: later calls fail alike, and `zw_values_strerror` says why.
//
// Any one thread at a time.
typedef struct zw_values zw_values;

// How a context runs. Zero, false and NULL stand for the defaults; begin with
// zw_context_options_init(). All strings are copied.
typedef struct zw_context_options {
    // sizeof(zw_context_options) of the program.
    size_t size;
    // The node's name, which no other node of the cluster has: 1 to 255 bytes of UTF-8 without
    // control characters, spaces, `*` or `/`. Required.
    const char *name;
    // What the program calls this life of the node; other members are told. 1 to 255 bytes
    // without control characters.
    const char *alias;
    // For people: what runs here.
    const char *program;
    // A zw_role.
    zw_role role;
    // Labels of the pools that the node belongs to: `pool_count` strings.
    const char *const *pools;
    // How many there are.
    size_t pool_count;
    // Most bytes of events that wait for each link; 8 MiB by default.
    uint64_t event_queue_bytes_max;
    // What happens to events beyond.
    zw_policy event_policy;
    // Most bytes that wait for all links together; 256 MiB by default.
    uint64_t queued_bytes_max;
    // Most bytes of messages that were accepted and have yet to be routed; 512 KiB by default.
    uint64_t ring_bytes_max;
    // Most bytes of messages that were received and have yet to be processed; 32 MiB by default.
    uint64_t inbox_bytes_max;
    // What happens to messages beyond: ZW_BLOCK holds senders back.
    zw_policy inbox_policy;
    // A heartbeat is sent on a link that was quiet for so long; 3000 by default.
    uint32_t heartbeat_ms;
    // A peer that was silent for so long is given up; 4500 by default.
    uint32_t silence_max_ms;
    // A member that cannot be reached for shorter than this was never away; 2000 by default.
    uint32_t member_down_after_ms;
    // Publishing into full queues fails with ZW_OVERLOADED at once, and never waits.
    bool publish_never_waits;
    // Holds senders back instead of dropping what a slow peer has no room for.
    bool lossless;
    // Passes on what zw_topic_forward() says, and nothing else.
    bool forwarding_rules;
    // Passes nothing on.
    bool no_forwarding;
    // Tells of the topics that anybody in the cluster subscribes to, see zw_on_topic().
    bool watch_topics;
    // How long the node's thread looks for work before it sleeps, in microseconds. Costs a core.
    uint32_t spin_us;
} zw_context_options;

// How much one call of zw_process() may do. Zero stands for "no bound".
typedef struct zw_budget {
    // sizeof(zw_budget) of the program.
    size_t size;
    // Bytes of payload.
    uint64_t bytes_max;
    // Time, in nanoseconds; a handler that is running is not interrupted.
    uint64_t time_max_ns;
    // Messages and notices.
    uint32_t messages_max;
} zw_budget;

// Decides whether a peer may link. Runs on the context's IO thread: it must not block, nor call
// any zw_ function. Strings are valid until it returns.
typedef bool (*zw_accept_handler)(const char *peer_name,
                                  const char *peer_program,
                                  const char *location,
                                  void *cookie);

// Is told of links. `connection` of a peer that connected by itself lives until the handler
// returns from its ZW_LINK_DOWN. Strings are never NULL, empty where nothing is known, and valid
// until the handler returns.
typedef void (*zw_link_handler)(struct zw_context *context,
                                zw_link_change change,
                                struct zw_connection *connection,
                                const char *peer,
                                const char *location,
                                const char *reason,
                                void *cookie);

// Is told once that a request is done.
typedef void (*zw_done_handler)(struct zw_context *context, zw_result result, void *cookie);

// Values one after the other. Copy it freely: it borrows what it was taken from, and is valid as
// long as that is: a payload and its decoder, a message, or a `zw_values` that was not changed
// since. All zeros are an empty list.
//
// Any one thread at a time per decoder, message or `zw_values` that it was taken from.
typedef struct zw_list {
    // Not for you.
    uint64_t opaque[5];
    // How many values there are.
    size_t count;
} zw_list;

// Bytes, without a NUL that one could rely on.
typedef struct zw_string_view {
    // The first byte; never NULL.
    const char *p;
    // How many there are.
    size_t n;
} zw_string_view;

// The two expressions of a pattern.
typedef struct zw_pattern_view {
    // Matches a whole string.
    const char *exact;
    // Its bytes.
    size_t exact_n;
    // Matches anywhere in a string.
    const char *anywhere;
    // Its bytes.
    size_t anywhere_n;
} zw_pattern_view;

// A port.
typedef struct zw_port_view {
    // Its number.
    uint16_t number;
    // 0 unknown, 1 tcp, 2 udp, 3 icmp.
    uint8_t protocol;
} zw_port_view;

// An address, or a subnet.
typedef struct zw_addr_view {
    // In network order.
    uint8_t bytes[16];
    // How many of the bytes count: 4 or 16.
    uint8_t width;
    // Of a subnet: bits of the prefix, at most 32 or 128.
    uint8_t length;
} zw_addr_view;

// The entries of a table: the value at an index belongs to the key at that index.
typedef struct zw_table_view {
    // The keys. A composite key is a list.
    struct zw_list keys;
    // The values, as many as keys.
    struct zw_list values;
} zw_table_view;

// The fields of a record, in the order of its declaration.
typedef struct zw_record_view {
    // Their values.
    struct zw_list fields;
    // Their names, as strings; as many as fields, or none where they were left out.
    struct zw_list names;
    // The fully qualified name of the record's type, never NULL.
    const char *type_name;
    // Its bytes; 0 where it was left out.
    size_t type_name_n;
} zw_record_view;

// A function, event or hook.
typedef struct zw_function_view {
    // The fully qualified name.
    const char *name;
    // Its bytes.
    size_t n;
    // Whether it captured values.
    bool is_closure;
    // What it captured.
    struct zw_list captures;
} zw_function_view;

// A value of an opaque type.
typedef struct zw_opaque_view {
    // The name of the type.
    const char *type_id;
    // Its bytes.
    size_t n;
    // One value: what the type's own code made of it.
    struct zw_list data;
} zw_opaque_view;

// What a value holds, by its type.
typedef union zw_value_data {
    // Of a bool.
    bool b;
    // Of a count.
    uint64_t count;
    // Of an int.
    int64_t integer;
    // Of a double, a time or an interval.
    double real;
    // Of a string or an enum.
    struct zw_string_view string;
    // Of a pattern.
    struct zw_pattern_view pattern;
    // Of a port.
    struct zw_port_view port;
    // Of an addr or a subnet.
    struct zw_addr_view addr;
    // Of a set, a vector, a list or an any.
    struct zw_list list;
    // Of a table.
    struct zw_table_view table;
    // Of a record.
    struct zw_record_view record;
    // Of a function.
    struct zw_function_view function;
    // Of an opaque value.
    struct zw_opaque_view opaque;
} zw_value_data;

// A value, looked at. Everything in it borrows from the list that it was taken from.
typedef struct zw_value {
    // Which member of `as` is there.
    zw_type type;
    // Of a set or table: whether the order of its elements means something.
    bool ordered;
    // The value.
    union zw_value_data as;
} zw_value;

// Is given a message, which is valid until the handler returns; see zw_message_keep().
typedef void (*zw_message_handler)(struct zw_context *context,
                                   const struct zw_message *message,
                                   void *cookie);

// Is given an event. `name` has `n` bytes; it, `args` and all that is read from them are valid
// until the handler returns.
typedef void (*zw_event_handler)(struct zw_context *context,
                                 const struct zw_message *message,
                                 const char *name,
                                 size_t n,
                                 const struct zw_list *args,
                                 void *cookie);

// Is given each answer to a survey, and NULL when it is over.
typedef void (*zw_answer_handler)(struct zw_context *context,
                                  const struct zw_message *answer,
                                  void *cookie);

// Another member of the cluster.
typedef struct zw_member {
    // sizeof(zw_member) of the library: what lies behind it does not exist yet.
    size_t size;
    // The node's name.
    const char *name;
    // What its program calls this life of it; empty if it said nothing.
    const char *alias;
    // When this life of it started, in microseconds since the Unix epoch.
    uint64_t started_us;
    // Tells apart lives that started at once.
    uint64_t random;
    // Labels of the pools that it belongs to: `pool_count` strings.
    const char *const *pools;
    // How many there are.
    size_t pool_count;
} zw_member;

// Is told of members. For each name, ups and downs take turns. `member` is valid until the
// handler returns.
typedef void (*zw_member_handler)(struct zw_context *context,
                                  zw_member_change change,
                                  const struct zw_member *member,
                                  void *cookie);

// Is told that the first subscriber to a filter came, anywhere in the cluster, or that the last
// one went. `filter` has `n` bytes and is valid until the handler returns.
typedef void (*zw_topic_handler)(struct zw_context *context,
                                 const char *filter,
                                 size_t n,
                                 bool subscribed,
                                 void *cookie);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The name of a result, such as "ZW_OK". Never NULL; "ZW_UNKNOWN" for numbers that are none.
//
// Any thread. The text is static.
const char *zw_result_name(zw_result result);

// The ABI of the library that runs. Compare it with ZW_ABI_VERSION, which is that of the header.
//
// Any thread.
uint32_t zw_abi_version(void);

// The version of the library that runs, such as "0.1.0". Any thread. The text is static.
const char *zw_version(void);

// Makes a context. Starts no thread and opens nothing, so that the process may fork after it.
//
// NULL when the options break a rule, or there is no memory; then `*error`, if `error` is not
// NULL, says why, until the thread's next call that fails.
//
// Any thread. The context ends with zw_context_destroy().
struct zw_context *zw_context_create(const struct zw_context_options *options, const char **error);

// Starts the node. The first call that listens, connects, subscribes or raises does so too;
// starting it again is fine. After a fork, every call with a context that the parent started
// returns ZW_FORKED.
//
// Any thread. The node's own thread has all signals blocked.
zw_result zw_context_start(struct zw_context *context);

// Ends the node: sends what waits for at most `flush_max_ms`, and closes all links. What was
// received and not processed is dropped, and no handler is called any more, but one that is
// running on another thread. The context cannot be started again. Doing it again is fine.
//
// Any thread, also from handlers. Waits for the flush.
zw_result zw_context_stop(struct zw_context *context, uint32_t flush_max_ms);

// Frees a context with all its handles but messages that were kept; ends the node first, without
// a flush, if it runs. NULL is ignored.
//
// ZW_BUSY, and nothing is done: zw_process() or zw_run() is at work, as it always is in a handler.
// In a forked child of the process that started it, ZW_FORKED, and the memory stays as it is.
//
// One thread; no other call with this context may be at work, or come after it.
zw_result zw_context_destroy(struct zw_context *context);

// The node's name. Any thread. The text lives as long as the context.
const char *zw_context_name(const struct zw_context *context);

// The result of the last call of this thread with this context that failed; ZW_OK if none did.
// Calls that succeed leave it as it is.
//
// Any thread.
zw_result zw_context_errno(const struct zw_context *context);

// What zw_context_errno() means here: what failed, where, and what to do. Never NULL.
//
// Any thread. The text is valid until this thread's next call with the context that fails.
const char *zw_context_strerror(const struct zw_context *context);

// What the node sees of itself, as JSON: links, queues, drops, members. `*p` has `*n` bytes, which
// belong to the context and are valid until the next call.
//
// One thread at a time. Waits for the node's thread, a moment.
zw_result zw_context_status_json(struct zw_context *context, const char **p, size_t *n);

// A descriptor that is readable while zw_process() has something to do: for the program's own
// event loop, to be watched for reading and nothing else. It stays the same, belongs to the
// context, and stands for all of it: messages, completions, notices, answers. Starts the context.
// -1: zw_context_errno() says why.
//
// Any thread.
int zw_context_fd(struct zw_context *context);

// Calls handlers for what has happened, within a budget; NULL stands for 256 KiB of payload. Never
// waits. `*handled`, if `handled` is not NULL, is how many messages and notices there were; 0
// means that nothing waits. While something is left, the descriptor stays readable. Starts the
// context.
//
// Handlers may call any function of this library, but for this one, zw_run() and
// zw_context_destroy() on the same context, and must not throw.
//
// ZW_BUSY: another thread, or a handler's caller, is at it. ZW_STOPPED: nothing more will come.
//
// One thread at a time, which may be any.
zw_result zw_process(struct zw_context *context, const struct zw_budget *budget, uint32_t *handled);

// Waits and calls handlers, until zw_stop_running() is called (ZW_OK), `timeout_ms` are over
// (ZW_TIMEOUT; -1 stands for ever) or the context is stopped (ZW_STOPPED). Starts the context. For
// the rest see zw_process().
//
// One thread at a time, which may be any.
zw_result zw_run(struct zw_context *context, int64_t timeout_ms);

// Ends zw_run(), after the handler that is running; where none is at work, the next one ends at
// once.
//
// Any thread, also from handlers of this library and of signals.
void zw_stop_running(struct zw_context *context);

// Connects, in the background, and again whenever the connection is lost, unless the flags say
// otherwise. Starts the context. Returns a handle, or NULL: zw_context_errno() says why.
//
// `location` is tcp://host:port, ipc:///path or inproc://id; of several, with commas between them,
// one is connected to at a time. `name` is a label for people; NULL stands for the context's name.
// `flags` are ZW_AUTO_PUBLISH, ZW_AUTO_SUBSCRIBE and ZW_ONE_ATTEMPT. A context may have several
// connections.
//
// Any thread. The handle belongs to the context: it ends with zw_connection_close(), or with
// zw_context_destroy().
struct zw_connection *zw_connection_open(struct zw_context *context,
                                         const char *name,
                                         const char *location,
                                         uint32_t flags);

// Waits until the peer's subscriptions are effective here: what is published from then on reaches
// it.
//
// Any thread; the wait does not need zw_process(). ZW_TIMEOUT: not in time, attempts go on.
// ZW_CONNECT: no further attempt will be made.
zw_result zw_connection_wait(struct zw_connection *connection, uint32_t timeout_ms);

// Closes a connection in the background, after what waits was sent, for at most `flush_max_ms`,
// and connects no more. The handle must not be used any longer, but in a notice that still names
// it.
//
// Any thread; at most once for each handle. Connections that a peer made can be closed too, as
// long as their handle lives.
zw_result zw_connection_close(struct zw_connection *connection, uint32_t flush_max_ms);

// The connection's label.
//
// Any thread. The text lives as long as the handle.
const char *zw_connection_name(const struct zw_connection *connection);

// The peer's node name; empty as long as there never was one.
//
// One thread at a time. The text is valid until the function is called for the same connection
// again.
const char *zw_connection_peer(const struct zw_connection *connection);

// Listens. Starts the context. Returns a handle, or NULL: zw_context_errno() says why.
//
// `location` as for zw_connection_open(); port 0 takes a free one. `*bound`, if `bound` is not
// NULL, is the endpoint that was really bound; the text lives as long as the handle. `name` is a
// label for people; NULL stands for the context's name. `flags` are ZW_AUTO_PUBLISH,
// ZW_AUTO_SUBSCRIBE and ZW_INSECURE_REMOTE. `accept` decides about each peer; without, everybody
// is welcome. Peers that connect are told of by zw_on_link().
//
// Any thread. The handle ends with zw_listener_close(), or with zw_context_destroy(); until then
// `accept` may be called.
struct zw_listener *zw_connection_listen(struct zw_context *context,
                                         const char *name,
                                         const char *location,
                                         uint32_t flags,
                                         zw_accept_handler accept,
                                         void *cookie,
                                         const char **bound);

// Stops listening, and frees the handle. Peers that connected stay. NULL is ignored.
//
// Any thread. Within one turn of the IO thread, `accept` may still be called.
void zw_listener_close(struct zw_listener *listener);

// The listener's label.
//
// Any thread. The text lives as long as the handle.
const char *zw_listener_name(const struct zw_listener *listener);

// Calls `handler` for what happens to links; NULL ends that.
//
// Any thread; with another thread inside zw_process(), the old handler may run once more.
zw_result zw_on_link(struct zw_context *context, zw_link_handler handler, void *cookie);

// Lets topics that match leave over a connection that was opened without ZW_AUTO_PUBLISH, or, for
// NULL, over all such connections, present and future. Starts the context.
//
// `filter` has `n` bytes, in which `*` stands for any run of bytes, and `\*` and `\\` for
// themselves. `done`, if it is not NULL, is told when it is so: once, inside zw_process(), unless
// the call fails or the context is stopped before. Each call needs a zw_topic_unpublish() to take
// it back. A connection that is lost takes it up again with the next link.
//
// Any thread.
zw_result zw_topic_publish(struct zw_context *context,
                           struct zw_connection *connection,
                           const char *filter,
                           size_t n,
                           zw_done_handler done,
                           void *cookie);

// Takes one zw_topic_publish() back. ZW_NOT_FOUND: there was none for this filter. The rest as
// there.
zw_result zw_topic_unpublish(struct zw_context *context,
                             struct zw_connection *connection,
                             const char *filter,
                             size_t n,
                             zw_done_handler done,
                             void *cookie);

// Subscribes to topics that match: at all present and future connections with
// ZW_AUTO_SUBSCRIBE, or at one. Starts the context.
//
// Messages go to the handlers of zw_on_event() and zw_on_message(), each once, however many
// filters match. A context hears its own messages by zw_topic_subscribe_locally() only. It is
// subscribed to ".node." and its name from the start. `done` is told when the filter is effective
// at every member: what they publish afterwards arrives. For the rest see zw_topic_publish().
//
// Any thread.
zw_result zw_topic_subscribe(struct zw_context *context,
                             struct zw_connection *connection,
                             const char *filter,
                             size_t n,
                             zw_done_handler done,
                             void *cookie);

// Takes one zw_topic_subscribe() back. ZW_NOT_FOUND: there was none for this filter. The rest as
// there.
zw_result zw_topic_unsubscribe(struct zw_context *context,
                               struct zw_connection *connection,
                               const char *filter,
                               size_t n,
                               zw_done_handler done,
                               void *cookie);

// Keeps messages on topics that match within the context: they never leave it, and reach its
// zw_topic_subscribe_locally() only. Among themselves they keep their order. Surveys and pools
// are not concerned.
//
// Any thread.
zw_result zw_topic_publish_locally(struct zw_context *context, const char *filter, size_t n);

// Takes one zw_topic_publish_locally() back. ZW_NOT_FOUND: there was none for this filter.
//
// Any thread.
zw_result zw_topic_unpublish_locally(struct zw_context *context, const char *filter, size_t n);

// Subscribes to what this context itself raises and publishes, and to what connections deliver
// for other reasons. Nobody else is told. Starts the context.
//
// Any thread; waits a moment for the node's own. What is published afterwards arrives.
zw_result zw_topic_subscribe_locally(struct zw_context *context, const char *filter, size_t n);

// Takes one zw_topic_subscribe_locally() back. ZW_NOT_FOUND: there was none for this filter.
//
// Any thread.
zw_result zw_topic_unsubscribe_locally(struct zw_context *context, const char *filter, size_t n);

// Passes messages that match on from one connection to another. Only for contexts with the option
// `forwarding_rules`, which pass on nothing else.
//
// Any thread.
zw_result zw_topic_forward(struct zw_context *context,
                           const char *filter,
                           size_t n,
                           struct zw_connection *from,
                           struct zw_connection *to);

// Takes a rule of zw_topic_forward() back.
//
// Any thread.
zw_result zw_topic_unforward(struct zw_context *context,
                             const char *filter,
                             size_t n,
                             struct zw_connection *from,
                             struct zw_connection *to);

// Writes the filter that matches every topic that starts with a prefix, at most `cap` bytes of it
// and without a terminator. Returns how many bytes it has. 0: `prefix` is NULL.
//
// Any thread.
size_t zw_topic_of_prefix(const char *prefix, size_t n, char *out, size_t cap);

// An empty list. Yours: `zw_values_delete` it, or give it to an event.
//
// Any thread. Never NULL but after a fault of this library.
struct zw_values *zw_values_new(void);

// Frees the values. What was taken from them is gone. NULL is fine.
//
// Any one thread at a time.
void zw_values_delete(struct zw_values *values);

// Forgets the values, and a failure; keeps the memory. Lists that were taken are invalid.
//
// Any one thread at a time.
void zw_values_clear(struct zw_values *values);

// How many values there are, those inside containers not counted. 0 for NULL.
//
// Any one thread at a time.
size_t zw_values_count(const struct zw_values *values);

// What went wrong first; "" if nothing did. Never NULL.
//
// Any one thread at a time. The text lives until the values are cleared or deleted.
const char *zw_values_strerror(const struct zw_values *values);

// The values as a list, which borrows from them: it is valid until they are changed, cleared or
// deleted. ZW_INVALID while a container is open; what an earlier call returned when it failed.
//
// Any one thread at a time.
zw_result zw_values_list(const struct zw_values *values, struct zw_list *out);

// Appends nothing: an unset field, or a hole in a vector.
//
// As every call that adds: ZW_OK, or why not, which sticks. Any one thread at a time.
zw_result zw_values_add_unset(struct zw_values *values);

// Appends a bool.
//
// As every call that adds: ZW_OK, or why not, which sticks. Any one thread at a time.
zw_result zw_values_add_bool(struct zw_values *values, bool value);

// Appends a count.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_count(struct zw_values *values, uint64_t value);

// Appends an int.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_int(struct zw_values *values, int64_t value);

// Appends a double.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_double(struct zw_values *values, double value);

// Appends a time: seconds since the Unix epoch.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_time(struct zw_values *values, double seconds);

// Appends an interval: seconds.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_interval(struct zw_values *values, double seconds);

// Appends a string: any `n` bytes, which are copied.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_string(struct zw_values *values, const char *p, size_t n);

// Appends an enum by its fully qualified name, UTF-8, which is copied.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_enum(struct zw_values *values, const char *p, size_t n);

// Appends a pattern: the expression for whole strings, and that for parts; both are copied.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_pattern(struct zw_values *values,
                                const char *exact,
                                size_t exact_n,
                                const char *anywhere,
                                size_t anywhere_n);

// Appends a port. `protocol` is 0 for unknown, 1 tcp, 2 udp, 3 icmp.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_port(struct zw_values *values, uint16_t number, uint8_t protocol);

// Appends an addr of `width` bytes, 4 or 16, in network order. An IPv4-mapped IPv6 address is the
// IPv4 address.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_addr(struct zw_values *values, const uint8_t *bytes, size_t width);

// Appends a subnet: an address of `width` bytes, 4 or 16, in network order, and the bits of the
// prefix, at most 32 or 128.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_subnet(struct zw_values *values,
                               const uint8_t *bytes,
                               size_t width,
                               uint8_t length);

// Appends a function, event or hook by its fully qualified name, UTF-8, which is copied. For one
// that captured values see `zw_values_begin_closure`.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_function(struct zw_values *values, const char *name, size_t n);

// Names the field that comes next in the record that is open. UTF-8, copied. A record's fields
// have names all or none.
//
// As `zw_values_add_unset`.
zw_result zw_values_add_field(struct zw_values *values, const char *name, size_t n);

// Begins a container: what is added now is in it, until `zw_values_end`. `type` is ZW_SET,
// ZW_VECTOR, ZW_LIST, ZW_RECORD, ZW_ANY (one value) or ZW_TABLE (each key before its value).
// Whether an element or a key is there twice is not checked.
//
// As `zw_values_add_unset`; ZW_TYPE for another type.
zw_result zw_values_begin(struct zw_values *values, zw_type type);

// As `zw_values_begin` for ZW_SET and ZW_TABLE, and the order of the elements means something.
//
// As `zw_values_add_unset`; ZW_TYPE for another type.
zw_result zw_values_begin_ordered(struct zw_values *values, zw_type type);

// Begins a closure by its name, UTF-8, which is copied: what it captured follows, until
// `zw_values_end`.
//
// As `zw_values_add_unset`.
zw_result zw_values_begin_closure(struct zw_values *values, const char *name, size_t n);

// Begins an opaque value of the type `type_id`, UTF-8, which is copied: one value with its data
// follows, then `zw_values_end`.
//
// As `zw_values_add_unset`.
zw_result zw_values_begin_opaque(struct zw_values *values, const char *type_id, size_t n);

// Ends the container that was begun last.
//
// As `zw_values_add_unset`.
zw_result zw_values_end(struct zw_values *values);

// The name of a type, such as "count". Never NULL; "unknown" for numbers that are none.
//
// Any thread. The text is static.
const char *zw_type_name(zw_type type);

// Looks at the value at index `i`.
//
// ZW_END past the last one; ZW_DECODE when the payload is damaged there, or nests too deep: then
// `zw_decoder_strerror` says where and what. A payload may be read a few times over, and not
// endlessly: keep what you need again.
//
// Any one thread at a time per origin of the list.
zw_result zw_list_get(const struct zw_list *list, size_t i, struct zw_value *out);

// The name of a record's field. ZW_NOT_FOUND when the names were left out, ZW_END past the last
// field, ZW_TYPE when the value is no record.
//
// As `zw_list_get`.
zw_result zw_record_name(const struct zw_value *value, size_t i, const char **p, size_t *n);

// An event: its name, when it happened in seconds since the Unix epoch (less than 0: it does not
// say), and its arguments, which may be NULL for none. Takes `args` whatever happens. NULL when
// the name is no UTF-8 or empty.
//
// Any thread. The event ends with zw_event_delete() or by being raised.
struct zw_event *zw_event_new(const char *name, double time, struct zw_values *args);

// Frees an event that is not to be raised. NULL is ignored. Any thread.
void zw_event_delete(struct zw_event *event);

// Publishes an event to a topic of `n` bytes. Takes the event whatever happens. Starts the
// context.
//
// ZW_OK: it was accepted here, and reaches everybody who had subscribed, at most once and in
// order, unless a queue on the way is full, which is counted. ZW_OVERLOADED: the queues are full.
// By default the call waits a short while for room before; with the option `publish_never_waits`
// it does not.
//
// Any thread.
zw_result zw_event_raise(struct zw_context *context,
                         const char *topic,
                         size_t n,
                         struct zw_event *event);

// Publishes a payload that is encoded already, under the name of its format, such as "capnp-v1".
// Nothing looks into it before its receivers. Starts the context. Results as for
// zw_event_raise().
//
// Any thread. The bytes are copied before it returns.
zw_result zw_publish(struct zw_context *context,
                     zw_class class_,
                     const char *topic,
                     size_t n,
                     const char *format,
                     const uint8_t *payload,
                     size_t payload_n);

// As zw_publish(), to the one node of a name: every context hears what is sent to its own.
//
// Any thread.
zw_result zw_publish_to_node(struct zw_context *context,
                             zw_class class_,
                             const char *node,
                             const char *format,
                             const uint8_t *payload,
                             size_t payload_n);

// Calls `handler` for every message that no event handler takes, in any format and class; NULL
// ends that.
//
// Any thread; with another thread inside zw_process(), the old handler may run once more.
zw_result zw_on_message(struct zw_context *context, zw_message_handler handler, void *cookie);

// Calls `handler` for events of this name, or, for NULL, for events that have no handler of their
// own. A NULL handler ends that. Without event handlers, nobody looks into messages.
//
// Any thread; with another thread inside zw_process(), the old handler may run once more.
zw_result zw_on_event(struct zw_context *context,
                      const char *name,
                      zw_event_handler handler,
                      void *cookie);

// The members that carry a label, see the option `pools`. NULL: zw_context_errno() says why.
//
// Any thread. The pool ends with zw_pool_delete(), which must come before the end of its context.
struct zw_pool *zw_pool_new_label(struct zw_context *context, const char *label);

// The members whose names match a pattern, in which `*` stands for any run of characters. NULL:
// zw_context_errno() says why.
//
// Any thread. The pool ends with zw_pool_delete(), which must come before the end of its context.
struct zw_pool *zw_pool_new_pattern(struct zw_context *context, const char *pattern);

// Frees a pool. NULL is ignored. Any thread.
void zw_pool_delete(struct zw_pool *pool);

// Publishes an event to the member of the pool to which `key`, of `n` bytes, belongs: every member
// of the cluster finds the same one, as long as that is up. Takes the event whatever happens.
//
// ZW_EMPTY_POOL: no member is up. The rest as for zw_event_raise().
//
// Any thread.
zw_result zw_event_raise_hashed(struct zw_context *context,
                                const struct zw_pool *pool,
                                const void *key,
                                size_t n,
                                struct zw_event *event);

// Publishes an event to the member of the pool whose turn it is. Takes the event whatever happens.
//
// ZW_EMPTY_POOL: no member is up. The rest as for zw_event_raise().
//
// Any thread.
zw_result zw_event_raise_next(struct zw_context *context,
                              const struct zw_pool *pool,
                              struct zw_event *event);

// What the message is about: `*n` bytes, not terminated.
const char *zw_message_topic(const struct zw_message *message, size_t *n);

// Name of the node that published it.
const char *zw_message_publisher(const struct zw_message *message);

// Which life of the publisher sent it: when that started, in microseconds since the Unix epoch,
// and what tells apart lives that started at once. Both places may be NULL.
void zw_message_incarnation(const struct zw_message *message,
                            uint64_t *started_us,
                            uint64_t *random);

// Name of the payload's format, such as "capnp-v1".
const char *zw_message_format(const struct zw_message *message);

// Which class of traffic it is.
zw_class zw_message_class(const struct zw_message *message);

// The payload: `*n` bytes, from a multiple of eight on.
const uint8_t *zw_message_payload(const struct zw_message *message, size_t *n);

// Its number, rising for each publisher and class. A gap is not by itself a loss. 0 for messages
// that never left their context.
uint64_t zw_message_sequence(const struct zw_message *message);

// Number of the question that it is or answers; 0 for most messages.
uint64_t zw_message_survey(const struct zw_message *message);

// The event in it: `*name_n` bytes of its name, and its arguments; each place may be NULL. They
// are valid as long as the message. An event in another format than capnp-v1 is converted at the
// first call.
//
// ZW_DECODE: there is no event in it, or the payload is damaged.
zw_result zw_message_event(const struct zw_message *message,
                           const char **name,
                           size_t *name_n,
                           struct zw_list *args);

// Entry `i` of the event's metadata: what it is, and its value, which is valid as long as the
// message; each place may be NULL. Id 1 is the network time at the origin.
//
// ZW_END: there are no more. ZW_DECODE: there is no event in it, or it is damaged.
zw_result zw_message_metadata(const struct zw_message *message,
                              size_t i,
                              uint64_t *id,
                              struct zw_value *value);

// The same message, to be held beyond the handler. NULL when out of memory. Release it with
// zw_message_release().
//
// Small messages are copied; of large ones the received bytes are kept. What was read from the
// other view stays valid no longer than that.
struct zw_message *zw_message_keep(const struct zw_message *message);

// Ends a message that was kept. Any thread, also after its context was destroyed. NULL is
// ignored.
void zw_message_release(struct zw_message *message);

// Asks all who answer questions about a topic of `n` bytes. `handler` is given the first answer of
// each node, and NULL at the end: when `count_max` nodes have answered (0: no bound), or after
// `timeout_ms`. Takes the question whatever happens. Starts the context. This context's own
// answers do not count. When the context is stopped before the end, `handler` is not called any
// more.
//
// Any thread.
zw_result zw_survey(struct zw_context *context,
                    const char *topic,
                    size_t n,
                    struct zw_event *question,
                    size_t count_max,
                    uint32_t timeout_ms,
                    zw_answer_handler handler,
                    void *cookie);

// As zw_survey(), with a question that is encoded already, under the name of its format.
//
// Any thread. The bytes are copied before it returns.
zw_result zw_survey_encoded(struct zw_context *context,
                            const char *topic,
                            size_t n,
                            const char *format,
                            const uint8_t *payload,
                            size_t payload_n,
                            size_t count_max,
                            uint32_t timeout_ms,
                            zw_answer_handler handler,
                            void *cookie);

// Calls `handler` for questions about topics that match a filter of `n` bytes; it should call
// zw_answer() once, then or later with a message that it kept. NULL ends that. Starts the context.
//
// Any thread; with another thread inside zw_process(), the old handler may run once more.
zw_result zw_on_question(struct zw_context *context,
                         const char *filter,
                         size_t n,
                         zw_message_handler handler,
                         void *cookie);

// Answers a question with an event, in the question's format. Takes the event whatever happens.
// ZW_INVALID: the message is no question. The rest as for zw_event_raise().
//
// Any thread.
zw_result zw_answer(struct zw_context *context,
                    const struct zw_message *question,
                    struct zw_event *answer);

// As zw_answer(), with an answer that is encoded already, under the name of its format.
//
// Any thread. The bytes are copied before it returns.
zw_result zw_answer_encoded(struct zw_context *context,
                            const struct zw_message *question,
                            const char *format,
                            const uint8_t *payload,
                            size_t payload_n);

// Calls `handler` for members that come and go; NULL ends that. Set it before the context starts
// to hear of all of them. A client hears of none.
//
// Any thread; with another thread inside zw_process(), the old handler may run once more.
zw_result zw_on_member(struct zw_context *context, zw_member_handler handler, void *cookie);

// Calls `handler` when the first subscriber to a filter comes, anywhere in the cluster, and when
// the last one goes; NULL ends that. Only with the option `watch_topics`.
//
// Any thread; with another thread inside zw_process(), the old handler may run once more.
zw_result zw_on_topic(struct zw_context *context, zw_topic_handler handler, void *cookie);

// A decoder. Yours: `zw_decoder_delete` it.
//
// Any thread. Never NULL but after a fault of this library.
struct zw_decoder *zw_decoder_new(void);

// Frees the decoder. Lists that were taken from it are gone. NULL is fine.
//
// Any one thread at a time.
void zw_decoder_delete(struct zw_decoder *decoder);

// Reads a payload of format `capnp-v1`. Name and arguments borrow from `bytes`, which must stay
// as they are for as long as these are used; the next payload ends them too. Bytes that do not
// start at a multiple of 8 are copied once. Results that you do not want may be NULL.
//
// ZW_DECODE when the payload is damaged; `zw_decoder_strerror` says how. What is inside values is
// not looked at before you do.
//
// Any one thread at a time.
zw_result zw_decode_event(struct zw_decoder *decoder,
                          const uint8_t *bytes,
                          size_t n,
                          const char **name,
                          size_t *name_n,
                          struct zw_list *args,
                          size_t *metadata_count);

// The entry of the event's metadata at index `i`: what it is, and its value. Id 1 is the network
// time at the origin, a time. Results that you do not want may be NULL.
//
// ZW_END past the last entry, ZW_DECODE where it is damaged, ZW_NOT_FOUND without an event.
//
// Any one thread at a time.
zw_result zw_decode_metadata(const struct zw_decoder *decoder,
                             size_t i,
                             uint64_t *id,
                             struct zw_value *value);

// What was wrong first with the payload at hand, and where: `capnp-v1: args[1].fields[0]: …`; ""
// if nothing was. Never NULL. With NULL: what was wrong last, on this thread, in a list that came
// from a message and not from a decoder.
//
// Any one thread at a time. The text lives until the next fault, or the next payload.
const char *zw_decoder_strerror(const struct zw_decoder *decoder);

// An encoder. Yours: `zw_encoder_delete` it. It keeps its memory between events.
//
// Any thread. Never NULL but after a fault of this library.
struct zw_encoder *zw_encoder_new(void);

// Frees the encoder and its last payload. NULL is fine.
//
// Any one thread at a time.
void zw_encoder_delete(struct zw_encoder *encoder);

// Begins an event, whatever became of the one before; its payload is gone. `arg_count` values
// follow, then `metadata_count` times `zw_encode_metadata` and a value. `name` is UTF-8.
//
// ZW_TOO_LARGE or ZW_ENCODE at once when that cannot be; so would `zw_encode_finish` say.
//
// Any one thread at a time.
zw_result zw_encode_event(struct zw_encoder *encoder,
                          const char *name,
                          size_t n,
                          size_t arg_count,
                          size_t metadata_count);

// An entry of the metadata; its value follows. Id 1 is the network time at the origin, a time.
//
// Any one thread at a time.
void zw_encode_metadata(struct zw_encoder *encoder, uint64_t id);

// Nothing: an unset field, or a hole in a vector.
//
// Any one thread at a time.
void zw_encode_unset(struct zw_encoder *encoder);

// A bool.
//
// Any one thread at a time.
void zw_encode_bool(struct zw_encoder *encoder, bool value);

// A count.
//
// Any one thread at a time.
void zw_encode_count(struct zw_encoder *encoder, uint64_t value);

// An int.
//
// Any one thread at a time.
void zw_encode_int(struct zw_encoder *encoder, int64_t value);

// A double.
//
// Any one thread at a time.
void zw_encode_double(struct zw_encoder *encoder, double value);

// A time: seconds since the Unix epoch.
//
// Any one thread at a time.
void zw_encode_time(struct zw_encoder *encoder, double seconds);

// An interval: seconds.
//
// Any one thread at a time.
void zw_encode_interval(struct zw_encoder *encoder, double seconds);

// A string: any `n` bytes.
//
// Any one thread at a time.
void zw_encode_string(struct zw_encoder *encoder, const char *p, size_t n);

// An enum by its fully qualified name, UTF-8.
//
// Any one thread at a time.
void zw_encode_enum(struct zw_encoder *encoder, const char *p, size_t n);

// A pattern: the expression for whole strings, and that for parts.
//
// Any one thread at a time.
void zw_encode_pattern(struct zw_encoder *encoder,
                       const char *exact,
                       size_t exact_n,
                       const char *anywhere,
                       size_t anywhere_n);

// A port. `protocol` is 0 for unknown, 1 tcp, 2 udp, 3 icmp.
//
// Any one thread at a time.
void zw_encode_port(struct zw_encoder *encoder, uint16_t number, uint8_t protocol);

// An addr of `width` bytes, 4 or 16, in network order. An IPv4-mapped IPv6 address is sent as the
// IPv4 address.
//
// Any one thread at a time.
void zw_encode_addr(struct zw_encoder *encoder, const uint8_t *bytes, size_t width);

// A subnet: an address of `width` bytes, 4 or 16, in network order, and the bits of the prefix, at
// most 32 or 128. Host bits stay. An IPv4-mapped IPv6 address with at least 96 bits is sent as
// IPv4.
//
// Any one thread at a time.
void zw_encode_subnet(struct zw_encoder *encoder,
                      const uint8_t *bytes,
                      size_t width,
                      uint8_t length);

// A set: `count` elements follow, none twice, which is not checked.
//
// Any one thread at a time.
void zw_encode_set(struct zw_encoder *encoder, size_t count);

// As `zw_encode_set`, and the order of the elements means something.
//
// Any one thread at a time.
void zw_encode_ordered_set(struct zw_encoder *encoder, size_t count);

// A vector: `count` elements follow; holes are unset.
//
// Any one thread at a time.
void zw_encode_vector(struct zw_encoder *encoder, size_t count);

// A composite index: `count` values follow.
//
// Any one thread at a time.
void zw_encode_list(struct zw_encoder *encoder, size_t count);

// A table: `count` times a key and its value follow, no key twice, which is not checked.
//
// Any one thread at a time.
void zw_encode_table(struct zw_encoder *encoder, size_t count);

// As `zw_encode_table`, and the order of the entries means something.
//
// Any one thread at a time.
void zw_encode_ordered_table(struct zw_encoder *encoder, size_t count);

// A record: `count` fields follow, in the order of its declaration; if it is `named`, each after
// its `zw_encode_field_name`.
//
// Any one thread at a time.
void zw_encode_record(struct zw_encoder *encoder, size_t count, bool named);

// As `zw_encode_record`, with the fully qualified name of the record's type, UTF-8. It pays inside
// an any, where no declaration tells the receiver what the record is.
//
// Any one thread at a time.
void zw_encode_typed_record(struct zw_encoder *encoder,
                            const char *type_name,
                            size_t n,
                            size_t count,
                            bool named);

// The name of the record's field that comes next, UTF-8.
//
// Any one thread at a time.
void zw_encode_field_name(struct zw_encoder *encoder, const char *p, size_t n);

// A function, event or hook by its fully qualified name, UTF-8. For a closure `capture_count`
// values follow; for others that is 0.
//
// Any one thread at a time.
void zw_encode_function(struct zw_encoder *encoder,
                        const char *name,
                        size_t n,
                        bool is_closure,
                        size_t capture_count);

// A value of the opaque type `type_id`, UTF-8: one value with its data follows.
//
// Any one thread at a time.
void zw_encode_opaque(struct zw_encoder *encoder, const char *type_id, size_t n);

// A value whose declared type is any: the value follows.
//
// Any one thread at a time.
void zw_encode_any(struct zw_encoder *encoder);

// The payload: format `capnp-v1`, aligned to 8 bytes, the encoder's until the next
// `zw_encode_event`.
//
// ZW_TOO_LARGE or ZW_ENCODE for the first fault since then; `zw_encoder_strerror` says in which
// value and what.
//
// Any one thread at a time.
zw_result zw_encode_finish(struct zw_encoder *encoder, const uint8_t **p, size_t *n);

// What `zw_encode_finish` found wrong last, and where: `capnp-v1: args[1].fields[0]: …`; "" if
// nothing was. Never NULL.
//
// Any one thread at a time. The text lives until the next failure.
const char *zw_encoder_strerror(const struct zw_encoder *encoder);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

// Sets all options to their defaults.
static inline void zw_context_options_init(zw_context_options *options) {
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
}

// A budget without bounds.
static inline void zw_budget_init(zw_budget *budget) {
    memset(budget, 0, sizeof *budget);
    budget->size = sizeof *budget;
}

#endif /* ZEEKWIRE_H */
