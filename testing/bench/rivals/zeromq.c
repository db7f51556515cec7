/*
 * libzmq as Zeek's ZeroMQ backend uses it: four message parts (topic, node id, format, payload),
 * XPUB -> proxy (XSUB, XPUB) -> XSUB. One program, one role per process:
 *
 *   zeromq proxy
 *   zeromq pub  XSUB XPUB SUBSCRIBERS PAYLOAD_BYTES
 *   zeromq sub  XSUB XPUB WARMUP_MS WINDOW_MS
 *   zeromq ping XSUB XPUB PAYLOAD_BYTES WARMUP_COUNT COUNT
 *   zeromq pong XSUB XPUB
 *
 * XSUB and XPUB are the proxy's endpoints, as its line "listening XSUB XPUB" tells them. Results go
 * to standard output as lines of key=value words, the same as those of the Rust roles. Every role
 * ends when its standard input closes, so none outlives the harness.
 */

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum {
  CLOCK_EVERY = 64,       /* messages between two looks at the clock, as in the Rust roles */
  PAYLOAD_BYTES_MIN = 16, /* counter and send time */
  PAYLOAD_BYTES_MAX = 65536,
  PROXY_IO_THREADS = 2, /* Zeek's proxy_io_threads */
};

static const char TOPIC_EVENTS[] = "zeek/bench/events";
static const char TOPIC_PING[] = "zeek/bench/ping";
static const char TOPIC_PONG[] = "zeek/bench/pong";
/* Each subscriber also subscribes to a topic of its own under this prefix: the publisher counts. */
static const char TOPIC_READY[] = "zeek/bench/ready/";
static const char NODE_ID[] = "zeromq_worker-1_host_4711_NrFj3eGxkRR5";
static const char FORMAT[] = "broker-bin-v1";

/* High-water mark in messages of every socket; HWM in the environment, for tuning only. */
static int hwm = 10000;
/* Whether a full XPUB blocks instead of dropping; NODROP in the environment, for tuning only. */
static int nodrop = 1;

static void check(int ok, const char *what) {
  if (!ok) {
    fprintf(stderr, "zeromq: %s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(1);
  }
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *end_with_stdin(void *unused) {
  char buffer[64];
  (void)unused;
  while (read(STDIN_FILENO, buffer, sizeof buffer) > 0) {
  }
  exit(0);
}

static void watch_stdin(void) {
  pthread_t thread;
  check(pthread_create(&thread, NULL, end_with_stdin, NULL) == 0, "pthread_create");
  pthread_detach(thread);
}

static void say(const char *line) {
  puts(line);
  fflush(stdout);
}

static void set_int(void *socket, int option, int value) {
  check(zmq_setsockopt(socket, option, &value, sizeof value) == 0, "zmq_setsockopt");
}

static void *open_socket(void *context, int type) {
  void *socket = zmq_socket(context, type);
  check(socket != NULL, "zmq_socket");
  set_int(socket, ZMQ_SNDHWM, hwm);
  set_int(socket, ZMQ_RCVHWM, hwm);
  set_int(socket, ZMQ_LINGER, 0);
  if (type == ZMQ_XPUB) {
    set_int(socket, ZMQ_XPUB_NODROP, nodrop);
    set_int(socket, ZMQ_XPUB_VERBOSER, 1);
  }
  return socket;
}

static void *connect_socket(void *context, int type, const char *endpoint) {
  void *socket = open_socket(context, type);
  check(zmq_connect(socket, endpoint) == 0, "zmq_connect");
  return socket;
}

static void bind_socket(void *socket, char *endpoint, size_t bytes) {
  check(zmq_bind(socket, "tcp://127.0.0.1:*") == 0, "zmq_bind");
  check(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &bytes) == 0, "zmq_getsockopt");
}

static void subscribe(void *xsub, const char *topic) {
  char message[64];
  size_t bytes = strlen(topic) + 1;
  message[0] = 1;
  memcpy(message + 1, topic, bytes - 1);
  check(zmq_send(xsub, message, bytes, 0) == (int)bytes, "subscribe");
}

/* Waits until `count` subscriptions that start with `prefix` reached this publisher. */
static void await_subscriptions(void *xpub, const char *prefix, int count) {
  char message[256];
  while (count > 0) {
    int bytes = zmq_recv(xpub, message, sizeof message, 0);
    check(bytes >= 0, "zmq_recv of a subscription");
    if ((size_t)bytes > strlen(prefix) && message[0] == 1 &&
        memcmp(message + 1, prefix, strlen(prefix)) == 0)
      --count;
  }
}

static void publish(void *xpub, const char *topic, const void *payload, size_t bytes) {
  check(zmq_send(xpub, topic, strlen(topic), ZMQ_SNDMORE) >= 0, "zmq_send of the topic");
  check(zmq_send(xpub, NODE_ID, sizeof NODE_ID - 1, ZMQ_SNDMORE) >= 0, "zmq_send of the node");
  check(zmq_send(xpub, FORMAT, sizeof FORMAT - 1, ZMQ_SNDMORE) >= 0, "zmq_send of the format");
  check(zmq_send(xpub, payload, bytes, 0) >= 0, "zmq_send of the payload");
}

/*
 * Receives one message; `payload` then holds the fourth part, in place. Returns the number of
 * parts, or 0 when a receive time-out passed.
 */
static int receive(void *xsub, zmq_msg_t *payload) {
  int parts = 0;
  do {
    if (zmq_msg_recv(payload, xsub, 0) < 0) {
      check(zmq_errno() == EAGAIN && parts == 0, "zmq_msg_recv");
      return 0;
    }
    ++parts;
  } while (zmq_msg_more(payload));
  check(parts == 4, "a message without four parts");
  return parts;
}

static int run_proxy(void *context) {
  char xsub_endpoint[128], xpub_endpoint[128], line[320];
  void *xsub, *xpub;
  check(zmq_ctx_set(context, ZMQ_IO_THREADS, PROXY_IO_THREADS) == 0, "zmq_ctx_set");
  xsub = open_socket(context, ZMQ_XSUB);
  xpub = open_socket(context, ZMQ_XPUB);
  bind_socket(xsub, xsub_endpoint, sizeof xsub_endpoint);
  bind_socket(xpub, xpub_endpoint, sizeof xpub_endpoint);
  snprintf(line, sizeof line, "listening %s %s", xsub_endpoint, xpub_endpoint);
  say(line);
  watch_stdin();
  zmq_proxy(xsub, xpub, NULL);
  return 1;
}

static int run_pub(void *context, char **args) {
  static unsigned char payload[PAYLOAD_BYTES_MAX];
  size_t bytes = strtoul(args[3], NULL, 10);
  uint64_t counter, sent = 0;
  char line[16];
  void *xpub = connect_socket(context, ZMQ_XPUB, args[0]);
  memset(payload, 0x5a, sizeof payload);
  await_subscriptions(xpub, TOPIC_READY, atoi(args[2]));
  say("ready");
  if (fgets(line, sizeof line, stdin) == NULL)
    return 1;
  watch_stdin();
  for (counter = 0;; ++counter) {
    if (counter % CLOCK_EVERY == 0)
      sent = now_ns();
    memcpy(payload, &counter, sizeof counter);
    memcpy(payload + sizeof counter, &sent, sizeof sent);
    publish(xpub, TOPIC_EVENTS, payload, bytes);
  }
}

static void run_sub(void *context, char **args) {
  uint64_t warmup = strtoull(args[2], NULL, 10) * 1000000u;
  uint64_t window = strtoull(args[3], NULL, 10) * 1000000u;
  uint64_t expected = 0, count = 0, lost = 0, late = 0, first = 0;
  uint64_t begin = 0, begin_count = 0, begin_lost = 0;
  int ended = 0;
  char own_topic[64];
  zmq_msg_t payload;
  void *xsub = connect_socket(context, ZMQ_XSUB, args[1]);
  subscribe(xsub, TOPIC_EVENTS);
  snprintf(own_topic, sizeof own_topic, "%s%ld", TOPIC_READY, (long)getpid());
  subscribe(xsub, own_topic);
  say("ready");
  watch_stdin();
  zmq_msg_init(&payload);
  for (;;) {
    uint64_t counter, now;
    receive(xsub, &payload);
    memcpy(&counter, zmq_msg_data(&payload), sizeof counter);
    if (counter < expected) {
      ++late;
    } else {
      lost += counter - expected;
      expected = counter + 1;
    }
    if (count++ % CLOCK_EVERY != 0 || ended)
      continue;
    now = now_ns();
    if (first == 0) {
      first = now;
    } else if (begin == 0 && now >= first + warmup) {
      begin = now;
      begin_count = count;
      begin_lost = lost;
      say("begin");
    } else if (begin != 0 && now >= begin + window) {
      printf("end deliveries=%llu elapsed_ns=%llu lost=%llu late=%llu\n",
             (unsigned long long)(count - begin_count), (unsigned long long)(now - begin),
             (unsigned long long)(lost - begin_lost), (unsigned long long)late);
      fflush(stdout);
      ended = 1;
    }
  }
}

static int by_value(const void *a, const void *b) {
  uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
  return (left > right) - (left < right);
}

static int run_ping(void *context, char **args) {
  static unsigned char payload[PAYLOAD_BYTES_MAX];
  size_t bytes = strtoul(args[2], NULL, 10);
  uint64_t warmup = strtoull(args[3], NULL, 10), count = strtoull(args[4], NULL, 10);
  uint64_t *took = calloc(count, sizeof *took);
  uint64_t counter;
  zmq_msg_t reply;
  void *xpub = connect_socket(context, ZMQ_XPUB, args[0]);
  void *xsub = connect_socket(context, ZMQ_XSUB, args[1]);
  check(took != NULL && count > 0, "memory for the round trips");
  zmq_msg_init(&reply);
  subscribe(xsub, TOPIC_PONG);
  await_subscriptions(xpub, TOPIC_PING, 1);
  set_int(xsub, ZMQ_RCVTIMEO, 1000);
  watch_stdin();
  say("ready");
  for (counter = 0; counter < warmup + count; ++counter) {
    uint64_t begin = now_ns(), answered;
    memcpy(payload, &counter, sizeof counter);
    memcpy(payload + sizeof counter, &begin, sizeof begin);
    publish(xpub, TOPIC_PING, payload, bytes);
    /* The echo side may not know of our subscription yet: the first replies may be lost. */
    while (receive(xsub, &reply) == 0) {
      check(counter == 0, "a reply within a second");
      publish(xpub, TOPIC_PING, payload, bytes);
    }
    memcpy(&answered, zmq_msg_data(&reply), sizeof answered);
    check(answered == counter, "the reply to this request");
    if (counter >= warmup)
      took[counter - warmup] = now_ns() - begin;
  }
  qsort(took, count, sizeof *took, by_value);
  printf("end count=%llu p50_ns=%llu p99_ns=%llu\n", (unsigned long long)count,
         (unsigned long long)took[(count - 1) / 2],
         (unsigned long long)took[(count * 99 + 99) / 100 - 1]);
  fflush(stdout);
  return 0;
}

static void run_pong(void *context, char **args) {
  zmq_msg_t request;
  void *xpub = connect_socket(context, ZMQ_XPUB, args[0]);
  void *xsub = connect_socket(context, ZMQ_XSUB, args[1]);
  zmq_msg_init(&request);
  subscribe(xsub, TOPIC_PING);
  await_subscriptions(xpub, TOPIC_PONG, 1);
  say("ready");
  watch_stdin();
  for (;;) {
    receive(xsub, &request);
    publish(xpub, TOPIC_PONG, zmq_msg_data(&request), zmq_msg_size(&request));
  }
}

int main(int argc, char **argv) {
  void *context = zmq_ctx_new();
  const char *role = argc > 1 ? argv[1] : "";
  check(context != NULL, "zmq_ctx_new");
  if (getenv("HWM") != NULL)
    hwm = atoi(getenv("HWM"));
  if (getenv("NODROP") != NULL)
    nodrop = atoi(getenv("NODROP"));
  if (strcmp(role, "proxy") == 0 && argc == 2)
    return run_proxy(context);
  if (strcmp(role, "pub") == 0 && argc == 6 && strtoul(argv[5], NULL, 10) >= PAYLOAD_BYTES_MIN &&
      strtoul(argv[5], NULL, 10) <= PAYLOAD_BYTES_MAX)
    return run_pub(context, argv + 2);
  if (strcmp(role, "sub") == 0 && argc == 6)
    run_sub(context, argv + 2);
  if (strcmp(role, "ping") == 0 && argc == 7 && strtoul(argv[4], NULL, 10) >= PAYLOAD_BYTES_MIN &&
      strtoul(argv[4], NULL, 10) <= PAYLOAD_BYTES_MAX)
    return run_ping(context, argv + 2);
  if (strcmp(role, "pong") == 0 && argc == 4)
    run_pong(context, argv + 2);
  fputs("zeromq: roles are proxy, pub, sub, ping and pong; the file's head tells their words\n",
        stderr);
  return 2;
}
