// What the type-erased core needs to know of a value type.

#ifndef EVENTBUS_INTERNAL_GROUND_ELEMENT_H_
#define EVENTBUS_INTERNAL_GROUND_ELEMENT_H_

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "absl/strings/string_view.h"
#include "eventbus/internal/ground/type_name.h"

namespace eventbus::internal {

struct Element {
  size_t size;
  size_t alignment;
  // A bitwise copy is a copy, and nothing runs when one is dropped: the value may be read where it is as often as
  // wanted.
  bool trivial;
  // Constructs `*to` from `*from`, which stays to be destroyed. Never throws, so it may run under a lock.
  void (*move)(void* to, void* from);
  void (*destroy)(void* value);
  // Null if the type cannot be copied. May throw: never under a lock.
  void (*copy)(void* to, const void* from);
  absl::string_view (*name)();

  // Constructs `*to` from `*from`, which stays to be destroyed: `move`, but a word of plain data is copied right here.
  void Move(void* to, void* from) const {
    if (is_word()) {
      std::memcpy(to, from, sizeof(void*));
    } else {
      move(to, from);
    }
  }

  // Moves `*from` to `*to` and ends the life of what is left at `from`: the move of a value and of its empty shell, the
  // one piece of a value's code that may run under a lock.
  void Relocate(void* to, void* from) const {
    if (is_word()) {
      std::memcpy(to, from, sizeof(void*));
    } else {
      move(to, from);
      destroy(from);
    }
  }

  // A word of plain data.
  bool is_word() const { return trivial && size == sizeof(void*); }
};

template <typename T>
concept PlainObject = std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T> && !std::is_volatile_v<T>;

template <typename T>
consteval void CheckElement() {
  static_assert(PlainObject<T>,
                "eventbus: the element type must be a plain object type (send a std::string, not a literal)");
  if constexpr (PlainObject<T>) {
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "eventbus: the element type's move constructor can throw, so a value could be lost half way; "
                  "send it behind a std::unique_ptr or std::shared_ptr");
    static_assert(std::is_nothrow_destructible_v<T>, "eventbus: the element type's destructor must not throw");
  }
}

template <typename T>
consteval Element MakeElement() {
  CheckElement<T>();
  if constexpr (PlainObject<T>) {  // Else one message is enough.
    Element element = {
        .size = sizeof(T),
        .alignment = alignof(T),
        .trivial = std::is_trivially_copyable_v<T> && std::is_copy_constructible_v<T>,
        .move = [](void* to, void* from) { ::new (to) T(std::move(*static_cast<T*>(from))); },
        .destroy = [](void* value) { static_cast<T*>(value)->~T(); },
        .copy = nullptr,
        .name = &TypeName<T>,
    };
    if constexpr (std::is_copy_constructible_v<T>) {
      element.copy = [](void* to, const void* from) { ::new (to) T(*static_cast<const T*>(from)); };
    }
    return element;
  } else {
    return {};
  }
}

// One object a type: types are the same if and only if the addresses of their elements are.
template <typename T>
inline constexpr Element kElementOf = MakeElement<T>();

// `size` rounded up to a multiple of `alignment`.
constexpr size_t RoundUp(size_t size, size_t alignment) { return (size + alignment - 1) / alignment * alignment; }

// Memory for values of one element type, uninitialised.
inline void* AllocateElements(const Element& element, size_t count) {
  size_t bytes;
  if (__builtin_mul_overflow(element.size, count, &bytes)) throw std::bad_array_new_length();
  return ::operator new(bytes, std::align_val_t(element.alignment));
}

inline void FreeElements(const Element& element, void* memory) {
  ::operator delete(memory, std::align_val_t(element.alignment));
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_ELEMENT_H_
