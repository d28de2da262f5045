// A map from members' indices, in ascending order, as a table: a server looks up thousands of neighbours of each of thousands
// of members, and a walk through a tree of them would be most of what its setup costs.
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "secagg/standing/neighbours.h"

namespace pyzkfl::secagg::standing {

// As much of std::map as is needed. References stay valid until clear().
template <class T>
class ByMember {
 public:
  using Entry = std::pair<const Index, T>;

  template <class Slot, class Value>
  class Iterator {
   public:
    Iterator(Slot at, Slot end) : at_(at), end_(end) { skip(); }
    Value& operator*() const { return **at_; }
    Value* operator->() const { return at_->get(); }
    Iterator& operator++() {
      ++at_;
      skip();
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    void skip() {
      while (at_ != end_ && !*at_) ++at_;
    }
    Slot at_, end_;
  };

  auto begin() { return iterator(0); }
  auto end() { return iterator(slots_.size()); }
  auto begin() const { return iterator(0); }
  auto end() const { return iterator(slots_.size()); }

  size_t size() const { return size_; }
  bool contains(Index member) const { return member < slots_.size() && slots_[member]; }
  auto find(Index member) { return iterator(contains(member) ? member : slots_.size()); }
  auto find(Index member) const { return iterator(contains(member) ? member : slots_.size()); }
  T& at(Index member) { return slots_[checked(member)]->second; }
  const T& at(Index member) const { return slots_[checked(member)]->second; }

  // Nothing if there is one already.
  void emplace(Index member, T value) {
    if (contains(member)) return;
    if (member >= slots_.size()) slots_.resize(size_t{member} + 1);
    slots_[member] = std::make_unique<Entry>(member, std::move(value));
    ++size_;
  }
  T& operator[](Index member) {
    if (!contains(member)) emplace(member, T{});
    return at(member);
  }
  void clear() {
    slots_.clear();
    size_ = 0;
  }

 private:
  using Slots = std::vector<std::unique_ptr<Entry>>;

  Index checked(Index member) const {
    if (!contains(member)) throw std::out_of_range("no such member here");
    return member;
  }
  auto iterator(size_t place) {
    return Iterator<typename Slots::iterator, Entry>(slots_.begin() + static_cast<std::ptrdiff_t>(place), slots_.end());
  }
  auto iterator(size_t place) const {
    return Iterator<typename Slots::const_iterator, const Entry>(slots_.begin() + static_cast<std::ptrdiff_t>(place),
                                                                 slots_.end());
  }

  Slots slots_;
  size_t size_ = 0;
};

}  // namespace pyzkfl::secagg::standing
