// zeekwire.hpp: the C library in C++17, with owners that clean up after themselves.
//
// Everything in here is a thin coat over zeekwire.h, which says which threads may do what. Failing
// calls throw zeekwire::Error. Handlers may be any callable; what one throws ends run(), and is
// thrown again by the process() or run() that called it. Handlers that are replaced live as long as
// their context.

#ifndef ZEEKWIRE_HPP
#define ZEEKWIRE_HPP

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "zeekwire.h"

namespace zeekwire {

// A call that failed: its code, and a sentence for people.
class Error : public std::runtime_error {
public:
    Error(zw_result code, const std::string &text) : std::runtime_error(text), code_(code) {}

    zw_result code() const noexcept { return code_; }

private:
    zw_result code_;
};

class List;

// One value, looked at; valid as long as what it was taken from.
class Value {
public:
    Value() : raw_{} {}
    explicit Value(const zw_value &raw) : raw_(raw) {}

    zw_type type() const noexcept { return raw_.type; }
    const zw_value &raw() const noexcept { return raw_; }
    bool is_unset() const noexcept { return raw_.type == ZW_UNSET; }

    bool as_bool() const { return expect(ZW_BOOL).b; }
    std::uint64_t as_count() const { return expect(ZW_COUNT).count; }
    std::int64_t as_int() const { return expect(ZW_INT).integer; }

    // A double, a time or an interval.
    double as_double() const {
        if (raw_.type == ZW_TIME || raw_.type == ZW_INTERVAL)
            return raw_.as.real;
        return expect(ZW_DOUBLE).real;
    }

    // A string, or the name of an enum.
    std::string_view as_string() const {
        const auto &view = raw_.type == ZW_ENUM ? raw_.as.string : expect(ZW_STRING).string;
        return {view.p, view.n};
    }

    // The elements of a set, vector or list, the value of an any, the fields of a record, or the
    // keys of a table.
    inline List items() const;
    // The values of a table, in the order of its keys.
    inline List mapped() const;
    // Of a set or table: whether the order of its elements means something.
    bool ordered() const noexcept { return raw_.ordered; }
    // The name of a record's type; empty where it was left out.
    std::string_view record_type() const {
        const auto &record = expect(ZW_RECORD).record;
        return {record.type_name, record.type_name_n};
    }

private:
    const zw_value_data &expect(zw_type type) const {
        if (raw_.type != type)
            throw Error(ZW_TYPE, std::string("the value is a ") + zw_type_name(raw_.type) +
                                     ", not a " + zw_type_name(type));
        return raw_.as;
    }

    zw_value raw_;
};

// Values one after the other; valid as long as what it was taken from.
class List {
public:
    List() : raw_{} {}
    explicit List(const zw_list &raw) : raw_(raw) {}

    std::size_t size() const noexcept { return raw_.count; }
    bool empty() const noexcept { return raw_.count == 0; }
    const zw_list &raw() const noexcept { return raw_; }

    Value operator[](std::size_t i) const {
        zw_value value;
        const zw_result got = zw_list_get(&raw_, i, &value);
        if (got != ZW_OK)
            throw Error(got, std::string("no value at that place: ") + zw_result_name(got));
        return Value(value);
    }

    class Iterator {
    public:
        Iterator(const List *list, std::size_t at) : list_(list), at_(at) {}
        Value operator*() const { return (*list_)[at_]; }
        Iterator &operator++() {
            ++at_;
            return *this;
        }
        bool operator!=(const Iterator &other) const { return at_ != other.at_; }

    private:
        const List *list_;
        std::size_t at_;
    };

    Iterator begin() const { return {this, 0}; }
    Iterator end() const { return {this, raw_.count}; }

private:
    zw_list raw_;
};

inline List Value::items() const {
    switch (raw_.type) {
        case ZW_TABLE: return List(raw_.as.table.keys);
        case ZW_RECORD: return List(raw_.as.record.fields);
        case ZW_SET:
        case ZW_VECTOR:
        case ZW_ANY: return List(raw_.as.list);
        default: return List(expect(ZW_LIST).list);
    }
}

inline List Value::mapped() const { return List(expect(ZW_TABLE).table.values); }

// A list of values that is built by appending.
class Values {
public:
    Values() : raw_(zw_values_new()) {}

    Values &add(bool value) { return check(zw_values_add_bool(raw_.get(), value)); }
    Values &add(std::uint64_t value) { return check(zw_values_add_count(raw_.get(), value)); }
    Values &add(std::int64_t value) { return check(zw_values_add_int(raw_.get(), value)); }
    Values &add(double value) { return check(zw_values_add_double(raw_.get(), value)); }
    Values &add(std::string_view value) {
        return check(zw_values_add_string(raw_.get(), value.data(), value.size()));
    }
    Values &add(const char *value) { return add(std::string_view(value)); }
    Values &add_unset() { return check(zw_values_add_unset(raw_.get())); }
    Values &add_time(double seconds) { return check(zw_values_add_time(raw_.get(), seconds)); }
    Values &add_interval(double seconds) {
        return check(zw_values_add_interval(raw_.get(), seconds));
    }
    Values &add_enum(std::string_view name) {
        return check(zw_values_add_enum(raw_.get(), name.data(), name.size()));
    }
    Values &add_port(std::uint16_t number, std::uint8_t protocol) {
        return check(zw_values_add_port(raw_.get(), number, protocol));
    }
    // `width` is 4 or 16; bytes in network order.
    Values &add_addr(const std::uint8_t *bytes, std::size_t width) {
        return check(zw_values_add_addr(raw_.get(), bytes, width));
    }
    Values &add_subnet(const std::uint8_t *bytes, std::size_t width, std::uint8_t length) {
        return check(zw_values_add_subnet(raw_.get(), bytes, width, length));
    }
    // Names the next field of a record: all of them, or none.
    Values &field(std::string_view name) {
        return check(zw_values_add_field(raw_.get(), name.data(), name.size()));
    }
    // Begins a ZW_SET, ZW_TABLE, ZW_RECORD, ZW_VECTOR, ZW_LIST or ZW_ANY, until end().
    Values &begin(zw_type container) { return check(zw_values_begin(raw_.get(), container)); }
    // The same for a ZW_SET or ZW_TABLE whose order means something.
    Values &begin_ordered(zw_type container) {
        return check(zw_values_begin_ordered(raw_.get(), container));
    }
    Values &end() { return check(zw_values_end(raw_.get())); }

    zw_values *get() const noexcept { return raw_.get(); }
    zw_values *release() noexcept { return raw_.release(); }

private:
    struct Delete {
        void operator()(zw_values *values) const noexcept { zw_values_delete(values); }
    };

    Values &check(zw_result result) {
        if (result != ZW_OK)
            throw Error(result, zw_values_strerror(raw_.get()));
        return *this;
    }

    std::unique_ptr<zw_values, Delete> raw_;
};

// The values of a call, one for each argument: values_of(std::uint64_t{1}, "two", 3.0).
template <typename... Args>
Values values_of(Args &&...args) {
    Values values;
    (values.add(std::forward<Args>(args)), ...);
    return values;
}

// A message, looked at. What a handler is given is valid until that returns; see keep().
class Message {
public:
    explicit Message(const zw_message *raw) : raw_(raw) {}

    std::string_view topic() const {
        std::size_t n = 0;
        const char *start = zw_message_topic(raw_, &n);
        return {start, n};
    }
    std::string_view publisher() const { return zw_message_publisher(raw_); }
    std::string_view format() const { return zw_message_format(raw_); }
    zw_class traffic_class() const { return zw_message_class(raw_); }
    std::uint64_t survey() const { return zw_message_survey(raw_); }
    std::string_view payload() const {
        std::size_t n = 0;
        const std::uint8_t *start = zw_message_payload(raw_, &n);
        return {reinterpret_cast<const char *>(start), n};
    }

    // Name and arguments of the event in it.
    std::pair<std::string_view, List> event() const {
        const char *name = nullptr;
        std::size_t n = 0;
        zw_list args;
        const zw_result got = zw_message_event(raw_, &name, &n, &args);
        if (got != ZW_OK)
            throw Error(got, "the message holds no event that can be read");
        return {std::string_view(name, n), List(args)};
    }

    const zw_message *get() const noexcept { return raw_; }

protected:
    const zw_message *raw_;
};

// A message that outlives its handler, and even its context.
class KeptMessage : public Message {
public:
    explicit KeptMessage(const Message &message)
        : Message(nullptr), owned_(zw_message_keep(message.get())) {
        if (!owned_)
            throw std::bad_alloc();
        raw_ = owned_.get();
    }

private:
    struct Release {
        void operator()(zw_message *message) const noexcept { zw_message_release(message); }
    };

    std::unique_ptr<zw_message, Release> owned_;
};

// A connection of a context, which owns it. Copies stand for the same one.
class Connection {
public:
    Connection(zw_context *context, zw_connection *raw) : context_(context), raw_(raw) {}

    // Waits until what is published reaches the peer.
    void wait(std::chrono::milliseconds timeout) const {
        check(zw_connection_wait(raw_, static_cast<std::uint32_t>(timeout.count())));
    }
    // At most once; no copy may be used after it.
    void close(std::chrono::milliseconds flush_max = std::chrono::milliseconds(0)) const {
        check(zw_connection_close(raw_, static_cast<std::uint32_t>(flush_max.count())));
    }
    std::string peer() const { return zw_connection_peer(raw_); }
    zw_connection *get() const noexcept { return raw_; }

private:
    void check(zw_result result) const {
        if (result != ZW_OK)
            throw Error(result, zw_context_strerror(context_));
    }

    zw_context *context_;
    zw_connection *raw_;
};

// One node of a cluster. Handlers run inside process() and run().
class Context {
public:
    using OnDone = std::function<void(zw_result)>;
    using OnMessage = std::function<void(const Message &)>;
    using OnEvent = std::function<void(const Message &, std::string_view name, const List &args)>;
    // Null when the survey is over.
    using OnAnswer = std::function<void(const Message *)>;
    using OnMember = std::function<void(zw_member_change, const zw_member &)>;
    using OnLink = std::function<void(zw_link_change, zw_connection *, std::string_view peer,
                                      std::string_view location, std::string_view reason)>;

    static constexpr std::uint32_t automatic = ZW_AUTO_PUBLISH | ZW_AUTO_SUBSCRIBE;

    explicit Context(const std::string &name) : Context(named(name)) {}

    explicit Context(const zw_context_options &options) : state_(std::make_unique<State>()) {
        const char *error = "";
        state_->raw = zw_context_create(&options, &error);
        if (!state_->raw)
            throw Error(ZW_INVALID, error);
    }

    zw_context *get() const noexcept { return state_->raw; }
    std::string name() const { return zw_context_name(get()); }
    void start() { check(zw_context_start(get())); }
    void stop(std::chrono::milliseconds flush_max = std::chrono::milliseconds(0)) {
        check(zw_context_stop(get(), millis(flush_max)));
    }
    int fd() {
        const int fd = zw_context_fd(get());
        if (fd < 0)
            fail();
        return fd;
    }

    // Handles what waits, within a budget. Returns how much there was.
    std::uint32_t process(const zw_budget *budget = nullptr) {
        std::uint32_t handled = 0;
        check(rethrown(zw_process(get(), budget, &handled)));
        return handled;
    }
    // Waits and handles until stop_running(): true; or until the time is over: false.
    bool run(std::chrono::milliseconds timeout) { return run_for(timeout.count()); }
    bool run() { return run_for(-1); }
    void stop_running() noexcept { zw_stop_running(get()); }

    Connection connect(const std::string &location, std::uint32_t flags = automatic) {
        zw_connection *raw = zw_connection_open(get(), nullptr, location.c_str(), flags);
        if (!raw)
            fail();
        return {get(), raw};
    }
    // Returns the endpoint that was really bound.
    std::string listen(const std::string &location, std::uint32_t flags = automatic) {
        const char *bound = "";
        if (!zw_connection_listen(get(), nullptr, location.c_str(), flags, nullptr, nullptr,
                                  &bound))
            fail();
        return bound;
    }

    void subscribe(std::string_view filter, OnDone done = {}) {
        auto once = state_->once(std::move(done));
        check(zw_topic_subscribe(get(), nullptr, filter.data(), filter.size(),
                                 once ? &State::call_done : nullptr, once));
    }
    void unsubscribe(std::string_view filter) {
        check(zw_topic_unsubscribe(get(), nullptr, filter.data(), filter.size(), nullptr,
                                   nullptr));
    }
    void subscribe_locally(std::string_view filter) {
        check(zw_topic_subscribe_locally(get(), filter.data(), filter.size()));
    }

    void raise(std::string_view topic, const std::string &name, Values args = Values(),
               double time = -1) {
        zw_event *event = make(name, std::move(args), time);
        check(zw_event_raise(get(), topic.data(), topic.size(), event));
    }
    void publish(std::string_view topic, const std::string &format, std::string_view payload,
                 zw_class traffic_class = ZW_CLASS_EVENT) {
        check(zw_publish(get(), traffic_class, topic.data(), topic.size(), format.c_str(),
                         reinterpret_cast<const std::uint8_t *>(payload.data()), payload.size()));
    }

    void on_event(const std::string &name, OnEvent handler) {
        auto *kept = state_->keep(std::move(handler));
        check(zw_on_event(get(), name.c_str(), &State::call_event, kept));
    }
    void on_any_event(OnEvent handler) {
        auto *kept = state_->keep(std::move(handler));
        check(zw_on_event(get(), nullptr, &State::call_event, kept));
    }
    void on_message(OnMessage handler) {
        auto *kept = state_->keep(std::move(handler));
        check(zw_on_message(get(), &State::call_message, kept));
    }
    void on_member(OnMember handler) {
        auto *kept = state_->keep(std::move(handler));
        check(zw_on_member(get(), &State::call_member, kept));
    }
    void on_link(OnLink handler) {
        auto *kept = state_->keep(std::move(handler));
        check(zw_on_link(get(), &State::call_link, kept));
    }
    void on_question(std::string_view filter, OnMessage handler) {
        auto *kept = state_->keep(std::move(handler));
        check(zw_on_question(get(), filter.data(), filter.size(), &State::call_message, kept));
    }

    void survey(std::string_view topic, const std::string &name, Values args,
                std::size_t count_max, std::chrono::milliseconds timeout, OnAnswer handler) {
        zw_event *question = make(name, std::move(args), -1);
        auto *kept = state_->keep(std::move(handler));
        check(zw_survey(get(), topic.data(), topic.size(), question, count_max, millis(timeout),
                        &State::call_answer, kept));
    }
    void answer(const Message &question, const std::string &name, Values args = Values()) {
        check(zw_answer(get(), question.get(), make(name, std::move(args), -1)));
    }

private:
    // What lives at one place, wherever the context is moved to.
    struct State {
        // A callable of any kind, with the way back to what it belongs to.
        struct Kept {
            explicit Kept(State *of) : state(of) {}
            virtual ~Kept() = default;
            State *state;
        };
        template <typename Function>
        struct KeptAs : Kept {
            KeptAs(State *of, Function given) : Kept(of), function(std::move(given)) {}
            Function function;
        };

        State() = default;
        State(const State &) = delete;
        State &operator=(const State &) = delete;
        ~State() {
            // The context goes first: nothing calls what is kept after that.
            if (raw)
                zw_context_destroy(raw);
        }

        template <typename Function>
        void *keep(Function function) {
            kept.push_back(std::make_unique<KeptAs<Function>>(this, std::move(function)));
            return static_cast<Kept *>(kept.back().get());
        }
        void *once(OnDone done) { return done ? keep(std::move(done)) : nullptr; }

        // Runs a callable that was kept. What it throws may not pass through the library.
        template <typename Function, typename... Args>
        static void call(void *cookie, Args &&...args) noexcept {
            auto *self = static_cast<KeptAs<Function> *>(static_cast<Kept *>(cookie));
            State *state = self->state;
            try {
                self->function(std::forward<Args>(args)...);
            } catch (...) {
                if (!state->thrown)
                    state->thrown = std::current_exception();
                if (state->runs)
                    zw_stop_running(state->raw);
            }
        }
        void forget(void *cookie) {
            for (auto at = kept.begin(); at != kept.end(); ++at)
                if (at->get() == static_cast<Kept *>(cookie)) {
                    kept.erase(at);
                    return;
                }
        }

        static void call_done(zw_context *, zw_result result, void *cookie) {
            State *state = static_cast<Kept *>(cookie)->state;
            call<OnDone>(cookie, result);
            state->forget(cookie);
        }
        static void call_message(zw_context *, const zw_message *message, void *cookie) {
            call<OnMessage>(cookie, Message(message));
        }
        static void call_event(zw_context *, const zw_message *message, const char *name,
                               std::size_t n, const zw_list *args, void *cookie) {
            call<OnEvent>(cookie, Message(message), std::string_view(name, n), List(*args));
        }
        static void call_answer(zw_context *, const zw_message *answer, void *cookie) {
            State *state = static_cast<Kept *>(cookie)->state;
            const Message message(answer);
            call<OnAnswer>(cookie, answer ? &message : nullptr);
            if (!answer)
                state->forget(cookie);
        }
        static void call_member(zw_context *, zw_member_change change, const zw_member *member,
                                void *cookie) {
            call<OnMember>(cookie, change, *member);
        }
        static void call_link(zw_context *, zw_link_change change, zw_connection *connection,
                              const char *peer, const char *location, const char *reason,
                              void *cookie) {
            call<OnLink>(cookie, change, connection, std::string_view(peer),
                         std::string_view(location), std::string_view(reason));
        }

        zw_context *raw = nullptr;
        std::exception_ptr thrown;
        bool runs = false;
        std::vector<std::unique_ptr<Kept>> kept;
    };

    static zw_context_options named(const std::string &name) {
        zw_context_options options;
        zw_context_options_init(&options);
        options.name = name.c_str();
        return options;
    }
    static std::uint32_t millis(std::chrono::milliseconds time) {
        return static_cast<std::uint32_t>(time.count());
    }
    static zw_event *make(const std::string &name, Values args, double time) {
        zw_event *event = zw_event_new(name.c_str(), time, args.release());
        if (!event)
            throw Error(ZW_INVALID, "an event needs a name");
        return event;
    }

    bool run_for(std::int64_t timeout_ms) {
        state_->runs = true;
        const zw_result result = zw_run(get(), timeout_ms);
        state_->runs = false;
        const zw_result ran = rethrown(result);
        if (ran == ZW_TIMEOUT)
            return false;
        check(ran);
        return true;
    }
    // Throws what a handler threw.
    zw_result rethrown(zw_result result) {
        if (auto thrown = std::exchange(state_->thrown, nullptr))
            std::rethrow_exception(thrown);
        return result;
    }
    void check(zw_result result) const {
        if (result != ZW_OK)
            throw Error(result, zw_context_strerror(get()));
    }
    [[noreturn]] void fail() const {
        throw Error(zw_context_errno(get()), zw_context_strerror(get()));
    }

    std::unique_ptr<State> state_;
};

} // namespace zeekwire

#endif
