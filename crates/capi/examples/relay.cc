// Two nodes in C++: one counts what the other raises, and answers a survey about it.

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "zeekwire.hpp"

using namespace std::chrono_literals;

static void exchange() {
    zeekwire::Context counter("counter"), source("source");
    std::map<std::string, std::uint64_t> seen;
    std::vector<zeekwire::KeptMessage> kept;

    counter.on_event("Demo::word", [&](const zeekwire::Message &message, std::string_view,
                                       const zeekwire::List &args) {
        seen[std::string(args[0].as_string())] += args[1].as_count();
        kept.emplace_back(message);
        if (kept.size() == 3)
            counter.stop_running();
    });
    counter.on_question("words/count", [&](const zeekwire::Message &question) {
        counter.answer(question, "Demo::total",
                       zeekwire::values_of(std::uint64_t{kept.size()}, "words"));
    });
    counter.subscribe("words/*", [](zw_result result) {
        std::cout << "subscribed: " << zw_result_name(result) << "\n";
    });
    counter.listen("inproc://relay");
    source.connect("inproc://relay").wait(10s);

    for (const char *word : {"one", "two", "one"})
        source.raise("words/demo", "Demo::word", zeekwire::values_of(word, std::uint64_t{1}));
    counter.run(10s);
    for (const auto &[word, count] : seen)
        std::cout << word << ": " << count << "\n";
    std::cout << "kept a message of " << kept.front().publisher() << "\n";

    bool is_over = false;
    std::string total;
    while (total.empty()) {
        is_over = false;
        source.survey("words/count", "Demo::ask", {}, 1, 200ms,
                      [&](const zeekwire::Message *answer) {
                          if (!answer)
                              is_over = true;
                          else
                              total = std::to_string(answer->event().second[0].as_count());
                      });
        while (!is_over) {
            counter.process();
            source.run(1ms);
        }
    }
    std::cout << "in all: " << total << "\n";
}

// What a handler throws comes out of the call that ran it.
static void failures() {
    zeekwire::Context node("node");
    try {
        node.raise("", "Demo::word");
    } catch (const zeekwire::Error &error) {
        std::cout << zw_result_name(error.code()) << ": " << error.what() << "\n";
    }
    node.subscribe_locally("a");
    node.on_any_event([](const zeekwire::Message &, std::string_view, const zeekwire::List &args) {
        args[0].as_bool();
    });
    node.raise("a", "Demo::word", zeekwire::values_of("text"));
    try {
        node.run(10s);
    } catch (const zeekwire::Error &error) {
        std::cout << zw_result_name(error.code()) << ": " << error.what() << "\n";
    }
}

int main() {
    try {
        exchange();
        failures();
        return EXIT_SUCCESS;
    } catch (const std::exception &error) {
        std::cerr << "relay: " << error.what() << "\n";
        return EXIT_FAILURE;
    }
}
