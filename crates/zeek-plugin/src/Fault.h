// Why a received value cannot become a Zeek value, and where inside of it.

#pragma once

#include <string>
#include <string_view>

namespace zeek::cluster::zeekwire {

/// Filled while returning from the innermost value: first the reason, then the way to it.
class Fault {
public:
    /// The reason. Starts a new fault.
    void Set(std::string what) {
        reason = std::move(what);
        path.clear();
    }

    /// Says that the fault lies inside of `step`, such as "[3]" or "$name".
    void Inside(std::string_view step) { path.insert(0, step); }

    /// Where and what, to be put behind the name of the argument.
    std::string Text() const { return path + ": " + reason; }

private:
    std::string reason;
    std::string path;
};

} // namespace zeek::cluster::zeekwire
