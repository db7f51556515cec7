// What the programs of this folder share: cases, files, and bytes as text.
//
// README.md of this suite says how cases are described.

#pragma once

#include <capnp/compat/json.h>
#include <capnp/message.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

using Json = capnp::JsonValue;

// Messages as their files hold them. The library needs words, which are aligned.
using Words = std::vector<capnp::word>;

// Describes the message of a case, given its name.
using Read = std::function<void(const std::string&, const Words&, Json::Builder)>;

// Builds the message of a case, given its name and what it holds.
using Write = std::function<Words(const std::string&, Json::Reader)>;

// --- Bytes as text ---

inline std::string to_string(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

inline void set_text(Json::Builder json, const std::string& text) {
    json.setString(capnp::Text::Reader(text.data(), text.size()));
}

// Printable ASCII stands for itself, every other byte is %XX.
inline std::string text_to_bytes(capnp::Text::Reader text) {
    std::string bytes;
    for ( size_t i = 0; i < text.size(); i++ ) {
        if ( text[i] == '%' ) {
            std::string digits(text.begin() + i + 1, 2);
            bytes.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
            i += 2;
        }
        else
            bytes.push_back(text[i]);
    }
    return bytes;
}

inline std::string bytes_to_text(capnp::Data::Reader bytes) {
    const char* digits = "0123456789ABCDEF";
    std::string text;
    for ( auto c : bytes ) {
        if ( c >= 0x20 && c < 0x7f && c != '%' )
            text.push_back(static_cast<char>(c));
        else {
            text.push_back('%');
            text.push_back(digits[c >> 4]);
            text.push_back(digits[c & 0xf]);
        }
    }
    return text;
}

inline capnp::Data::Reader data_of(const std::string& bytes) {
    return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}

// --- Files ---

inline std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if ( ! file )
        throw std::runtime_error("cannot read " + path);

    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline Words words_of(const std::string& bytes) {
    Words words(bytes.size() / sizeof(capnp::word));
    std::memcpy(static_cast<void*>(words.data()), bytes.data(), words.size() * sizeof(capnp::word));
    return words;
}

inline void save(const std::string& path, const Words& words) {
    std::ofstream file(path, std::ios::binary);
    auto size = static_cast<std::streamsize>(words.size() * sizeof(capnp::word));
    file.write(reinterpret_cast<const char*>(words.data()), size);
    file.close();
    if ( ! file )
        throw std::runtime_error("cannot write " + path);
}

// --- Cases ---

// Does what the command line says: `read` prints, as JSON, what each case's file holds; `write`
// writes a file for each case.
inline void exchange_all(const std::string& command, const std::string& cases_file,
                         const std::string& folder, const Read& read, const Write& write) {
    capnp::JsonCodec codec;
    capnp::MallocMessageBuilder cases_message;
    auto cases_text = contents(cases_file);
    auto cases = cases_message.initRoot<Json>();
    codec.decodeRaw(kj::arrayPtr(cases_text.data(), cases_text.size()), cases);
    auto entries = cases.asReader().getObject();
    if ( command == "write" ) {
        for ( auto entry : entries ) {
            auto name = to_string(entry.getName());
            save(folder + "/" + name, write(name, entry.getValue()));
        }
        return;
    }
    if ( command != "read" )
        throw std::runtime_error("no such command: " + command);

    capnp::MallocMessageBuilder found_message;
    auto found = found_message.initRoot<Json>().initObject(entries.size());
    for ( unsigned i = 0; i < entries.size(); i++ ) {
        auto name = to_string(entries[i].getName());
        found[i].setName(entries[i].getName());
        read(name, words_of(contents(folder + "/" + name)), found[i].initValue());
    }
    auto text = codec.encodeRaw(found_message.getRoot<Json>().asReader());
    std::cout.write(text.begin(), static_cast<std::streamsize>(text.size()));
}

// The whole of `main`.
inline int exchange(int argc, char** argv, const Read& read, const Write& write) {
    if ( argc != 4 ) {
        std::cerr << "usage: " << argv[0] << " read|write CASES FOLDER\n";
        return 2;
    }
    try {
        exchange_all(argv[1], argv[2], argv[3], read, write);
        return 0;
    } catch ( const std::exception& error ) {
        std::cerr << error.what() << '\n';
    } catch ( const kj::Exception& error ) {
        std::cerr << kj::str(error).cStr() << '\n';
    }
    return 1;
}
