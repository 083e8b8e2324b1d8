#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

#include <tinynn/core/error.hpp>
#include <tinynn/core/shape.hpp>
#include <tinynn/io/one_line.hpp>
#include <tinynn/io/pickle.hpp>

namespace tinynn::io::detail {
namespace {

using Kind = Pickled::Kind;
using Node = std::shared_ptr<Pickled>;

// What may be called, or stand for the type of a storage.
constexpr std::array<std::string_view, 4> functions{"collections OrderedDict",
                                                    "torch._utils _rebuild_tensor_v2",
                                                    "torch._utils _rebuild_parameter", "torch Size"};

bool is_allowed(const std::string& name) {
  return std::ranges::find(functions, name) != functions.end() ||
         (name.starts_with("torch ") && name.ends_with("Storage"));
}

// A machine with a stack, as Python's: each byte is an instruction. Those of protocols 2 to 4 that state
// dicts have (Lib/pickle.py lists all).
class Unpickler {
 public:
  Unpickler(std::span<const uint8_t> bytes, const std::string& context) : bytes_(bytes), context_(context) {}

  Pickled::Pointer run() {
    while (true) {
      const uint8_t code = unsigned_of<uint8_t>();
      if (code == '.') return pop();
      step(code);
    }
  }

 private:
  template <class... Parts>
  [[noreturn]] void wrong(const Parts&... parts) const {
    fail(context_, ", byte ", at_, ": ", parts...);
  }

  // --- bytes

  std::span<const uint8_t> take(uint64_t count) {
    if (count > bytes_.size() - at_) wrong("ends early");
    const auto result = bytes_.subspan(at_, count);
    at_ += count;
    return result;
  }
  template <class T>
  T unsigned_of() {
    T value = 0;
    const auto bytes = take(sizeof(T));
    for (size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value | static_cast<T>(bytes[i]) << 8 * i);
    return value;
  }
  std::string text_of(uint64_t count) {
    const auto bytes = take(count);
    return {bytes.begin(), bytes.end()};
  }
  std::string line() {
    const auto rest = bytes_.subspan(at_);
    const auto end = std::ranges::find(rest, '\n');
    if (end == rest.end()) wrong("ends early");
    const std::string text(rest.begin(), end);
    at_ += text.size() + 1;
    return text;
  }

  // --- the stack

  Node push(Kind kind) {
    stack_.push_back(std::make_shared<Pickled>());
    stack_.back()->kind = kind;
    return stack_.back();
  }
  Node pop() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() == marks_.back()))
      wrong("takes from an empty stack");
    Node top = stack_.back();
    stack_.pop_back();
    return top;
  }
  Node top() {
    Node node = pop();
    stack_.push_back(node);
    return node;
  }
  std::vector<Node> pop_to_mark() {
    if (marks_.empty()) wrong("takes to a mark that is not there");
    const auto begin = stack_.begin() + static_cast<int64_t>(marks_.back());
    std::vector<Node> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
  }
  Node pop(Kind kind, const char* what) {
    Node node = pop();
    if (node->kind != kind) wrong("has no ", what, " where one is expected");
    return node;
  }

  // What holds another is deeper, and cannot be in it: there are no circles, and no end of the stack when it
  // is freed.
  void hold(Pickled& holder, Pickled& held) {
    held.is_held = true;
    holder.depth = std::max(holder.depth, held.depth + 1);
    if (&holder == &held || holder.depth > 100) wrong("is nested more than 100 deep");
  }
  void append(const Node& list, const Node& item) {
    if (list->kind != Kind::list || list->is_held)
      wrong("appends to what is no list, or is in something else already");
    hold(*list, *item);
    list->items.push_back(item);
  }
  void set(const Node& dict, const Node& key, const Node& value) {
    if (dict->kind != Kind::dict || dict->is_held)
      wrong("puts an item into what is no dictionary, or is in something else already");
    hold(*dict, *value);
    hold(*dict, *key);
    dict->entries.emplace_back(key, value);
  }
  void push_tuple(const std::vector<Node>& items) {
    const Node tuple = push(Kind::list);
    for (const Node& item : items) append(tuple, item);
  }
  void push_whole(int64_t value) {
    const Node node = push(Kind::number);
    node->whole = value;
    node->number = static_cast<double>(value);
  }
  void push_function(const std::string& name) {
    if (!is_allowed(name)) wrong("asks for ", in_quotes(name), ", which no state dict needs");
    push(Kind::function)->text = name;
  }

  // --- instructions

  void step(uint8_t code) {
    switch (code) {
      case 0x80: take(1); break;          // PROTO
      case 0x95: take(8); break;          // FRAME
      case '}': push(Kind::dict); break;  // EMPTY_DICT
      case ']':
      case ')': push(Kind::list); break;                 // EMPTY_LIST, EMPTY_TUPLE
      case '(': marks_.push_back(stack_.size()); break;  // MARK
      case 'N': push(Kind::nothing); break;              // NONE
      case 0x88:
      case 0x89: push_whole(code == 0x88); break;  // NEWTRUE, NEWFALSE
      case 'X': {
        const auto n = unsigned_of<uint32_t>();
        push(Kind::text)->text = text_of(n);
        break;
      }
      case 0x8c: {
        const auto n = unsigned_of<uint8_t>();
        push(Kind::text)->text = text_of(n);
        break;
      }
      case 'K': push_whole(unsigned_of<uint8_t>()); break;                         // BININT1
      case 'M': push_whole(unsigned_of<uint16_t>()); break;                        // BININT2
      case 'J': push_whole(static_cast<int32_t>(unsigned_of<uint32_t>())); break;  // BININT
      case 0x8a: long_number(); break;                                             // LONG1
      case 'G': float_number(); break;                                             // BINFLOAT
      case 'q': put(unsigned_of<uint8_t>()); break;                                // BINPUT
      case 'r': put(unsigned_of<uint32_t>()); break;                               // LONG_BINPUT
      case 0x94: put(memo_.size()); break;                                         // MEMOIZE
      case 'h': get(unsigned_of<uint8_t>()); break;                                // BINGET
      case 'j': get(unsigned_of<uint32_t>()); break;                               // LONG_BINGET
      case 0x85:
      case 0x86:
      case 0x87: small_tuple(code - 0x84U); break;  // TUPLE1, 2, 3
      case 't': push_tuple(pop_to_mark()); break;   // TUPLE
      case 'a': {
        const Node item = pop();
        const Node list = top();
        append(list, item);
        break;
      }
      case 'e': appends(); break;  // APPENDS
      case 's': {                  // SETITEM
        const Node value = pop(), key = pop(), dict = top();
        set(dict, key, value);
        break;
      }
      case 'u': set_items(); break;  // SETITEMS
      case 'c': {
        const std::string module = line();
        push_function(module + ' ' + line());
        break;
      }             // GLOBAL
      case 0x93: {  // STACK_GLOBAL
        const Node name = pop(Kind::text, "text"), module = pop(Kind::text, "text");
        push_function(module->text + ' ' + name->text);
        break;
      }
      case 'Q': storage(); break;  // BINPERSID
      case 'R': call(); break;     // REDUCE
      case 'b':
        pop();
        top();
        break;  // BUILD: attributes, such as _metadata of a state dict
      default: wrong("has instruction ", int{code}, ", which no state dict needs");
    }
  }

  void put(size_t number) {
    if (number > bytes_.size()) wrong("remembers under number ", number);
    memo_[number] = top();
  }
  void get(size_t number) {
    const auto found = memo_.find(number);
    if (found == memo_.end()) wrong("recalls number ", number, ", which is not there");
    stack_.push_back(found->second);
  }
  void long_number() {
    const auto bytes = take(unsigned_of<uint8_t>());
    if (bytes.size() > 8) wrong("has a number of ", bytes.size(), " bytes");
    uint64_t value = !bytes.empty() && bytes.back() >= 0x80 ? ~uint64_t{0} : 0;
    for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
    push_whole(static_cast<int64_t>(value));
  }
  void float_number() {
    uint64_t bits = 0;
    for (const uint8_t byte : take(8)) bits = bits << 8 | byte;
    push(Kind::number)->number = std::bit_cast<double>(bits);
  }
  void small_tuple(size_t count) {
    std::vector<Node> items;
    for (size_t i = 0; i < count; ++i) items.insert(items.begin(), pop());
    push_tuple(items);
  }
  void appends() {
    const auto items = pop_to_mark();
    const Node list = top();
    for (const Node& item : items) append(list, item);
  }
  void set_items() {
    const auto items = pop_to_mark();
    const Node dict = top();
    if (items.size() % 2 != 0) wrong("has a key without a value");
    for (size_t i = 0; i < items.size(); i += 2) set(dict, items[i], items[i + 1]);
  }

  // ("storage", torch.FloatStorage, key, place, elements)
  void storage() {
    const Node id = pop(Kind::list, "tuple");
    const bool fits =
        id->items.size() >= 5 && id->items[1]->kind == Kind::function && id->items[2]->kind == Kind::text;
    if (!fits) wrong("names a storage otherwise than PyTorch does");
    const Node node = push(Kind::storage);
    node->text = id->items[2]->text;
    node->items = {id->items[1]};
  }

  void call() {
    const Node arguments = pop(Kind::list, "tuple"), function = pop(Kind::function, "function");
    if (function->text == "collections OrderedDict") {
      if (!arguments->items.empty()) wrong("makes an OrderedDict of something");
      push(Kind::dict);
    } else if (function->text == "torch Size" || function->text == "torch._utils _rebuild_parameter") {
      if (arguments->items.empty()) wrong("calls ", in_quotes(function->text), " without arguments");
      stack_.push_back(std::const_pointer_cast<Pickled>(arguments->items[0]));
    } else if (function->text == "torch._utils _rebuild_tensor_v2") {
      rebuild_tensor(arguments->items);
    } else {
      wrong("calls ", in_quotes(function->text));
    }
  }

  static bool is_whole(const Pickled& node) {
    return node.kind == Kind::number && node.number == static_cast<double>(node.whole);
  }

  // (storage, offset, sizes, strides, ...)
  void rebuild_tensor(const std::vector<Pickled::Pointer>& arguments) {
    const bool fits = arguments.size() >= 4 && arguments[0]->kind == Kind::storage &&
                      is_whole(*arguments[1]) && arguments[2]->kind == Kind::list &&
                      arguments[3]->kind == Kind::list &&
                      arguments[2]->items.size() == arguments[3]->items.size();
    if (!fits) wrong("rebuilds a tensor otherwise than PyTorch does");
    // Lists may be given to many tensors, each of which copies them.
    if (std::ssize(arguments[2]->items) > Shape::max_rank)
      wrong("rebuilds a tensor of ", arguments[2]->items.size(), " dimensions, expected up to ",
            Shape::max_rank);
    const Node node = push(Kind::tensor);
    node->storage = arguments[0];
    node->offset = arguments[1]->whole;
    for (size_t d = 0; d < arguments[2]->items.size(); ++d) {
      if (!is_whole(*arguments[2]->items[d]) || !is_whole(*arguments[3]->items[d]))
        wrong("rebuilds a tensor whose size or stride is no whole number");
      node->sizes.push_back(arguments[2]->items[d]->whole);
      node->strides.push_back(arguments[3]->items[d]->whole);
    }
  }

  std::span<const uint8_t> bytes_;
  std::string context_;
  size_t at_ = 0;
  std::vector<Node> stack_;
  std::vector<size_t> marks_;
  std::map<size_t, Node> memo_;
};

}  // namespace

Pickled::Pointer Pickled::find(const std::string& key) const {
  for (const auto& [name, value] : entries) {
    if (name->kind == Kind::text && name->text == key) return value;
  }
  return nullptr;
}

Pickled::Pointer unpickled(std::span<const uint8_t> bytes, const std::string& context) {
  return Unpickler(bytes, context).run();
}

}  // namespace tinynn::io::detail
