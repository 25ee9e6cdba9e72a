// Order-by-order books in C++, for comparison: what a good hand writes first.
//
// Open addressing by the low bits of the reference with backward-shift deletion, a sorted vector of levels a side with the best at
// its end, a FIFO of orders a level; vectors that have their room from the start. No prefetching, no checks: the stream is known to
// be good. twin_new(stocks, orders) makes empty books; twin_feed applies a stream; twin_digest sums what rests.
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

struct Order { std::uint64_t reference; std::uint32_t shares, level, ahead, behind, side; };
struct Level { std::uint64_t shares; std::uint32_t key, orders, first, last; };
struct Rung { std::uint32_t key, level; };
struct Entry { std::uint64_t reference; std::uint32_t slot; };
using Side = std::vector<Rung>;

std::uint16_t be16(const std::uint8_t *p) { std::uint16_t v; std::memcpy(&v, p, 2); return __builtin_bswap16(v); }
std::uint32_t be32(const std::uint8_t *p) { std::uint32_t v; std::memcpy(&v, p, 4); return __builtin_bswap32(v); }
std::uint64_t be64(const std::uint8_t *p) { std::uint64_t v; std::memcpy(&v, p, 8); return __builtin_bswap64(v); }

class Books {
public:
    Books(std::size_t stocks, std::size_t orders)
        : orders_(1), levels_(1), sides_(2 * (stocks + 1)), table_(std::bit_ceil(2 * orders)), mask_(table_.size() - 1) {
        orders_.reserve(orders + 1);
        levels_.reserve(orders / 2 + 1);
        for (auto &side : sides_) side.reserve(4);
    }

    std::int64_t feed(const std::uint8_t *stream, std::int64_t size) {
        std::int64_t messages = 0;
        for (std::int64_t at = 0; at < size; at += 2 + be16(stream + at), messages++) {
            const std::uint8_t *message = stream + at + 2, *body = message + 11;
            switch (message[0]) {
            case 'A': case 'F': {
                const std::uint32_t ask = body[8] != 'B', price = be32(body + 21);
                rest(2 * be16(message + 1) + ask, be64(body), be32(body + 9), ask ? ~price : price);
                break;
            }
            case 'D': { const auto at = find(be64(body)); reduce(at, orders_[table_[at].slot].shares); break; }
            case 'X': reduce(find(be64(body)), be32(body + 8)); break;
            case 'E': case 'C': volume_ += be32(body + 8); reduce(find(be64(body)), be32(body + 8)); break;
            case 'U': {
                const auto at = find(be64(body));
                const Order old = orders_[table_[at].slot];
                const std::uint32_t price = be32(body + 20);
                reduce(at, old.shares);
                rest(old.side, be64(body + 8), be32(body + 16), old.side & 1 ? ~price : price);
                break;
            }
            case 'P': volume_ += be32(body + 9); break;
            }
        }
        return messages;
    }

    // Sum of (key + 1) * shares + orders over all levels, modulo 2^64.
    std::uint64_t digest() const {
        std::uint64_t sum = 0;
        for (const auto &side : sides_)
            for (const auto &rung : side) {
                const Level &level = levels_[rung.level];
                sum += (level.key + 1ull) * level.shares + level.orders;
            }
        return sum;
    }

private:
    std::size_t find(std::uint64_t reference) const {
        std::size_t at = reference & mask_;
        while (table_[at].slot && table_[at].reference != reference) at = (at + 1) & mask_;
        return at;
    }

    void forget(std::size_t at) {
        for (std::size_t next = at;;) {
            next = (next + 1) & mask_;
            if (!table_[next].slot) break;
            const std::size_t home = table_[next].reference & mask_;
            if (((next - home) & mask_) >= ((next - at) & mask_)) { table_[at] = table_[next]; at = next; }
        }
        table_[at].slot = 0;
    }

    std::uint32_t level_at(Side &side, std::uint32_t key) {
        std::size_t at = side.size();
        while (at && side[at - 1].key > key) at--;
        if (at && side[at - 1].key == key) return side[at - 1].level;
        std::uint32_t slot = levels_free_;
        if (slot) { levels_free_ = levels_[slot].first; levels_[slot] = {0, key, 0, 0, 0}; }
        else { slot = levels_.size(); levels_.push_back({0, key, 0, 0, 0}); }
        side.insert(side.begin() + at, {key, slot});
        return slot;
    }

    void rest(std::uint32_t side_index, std::uint64_t reference, std::uint32_t shares, std::uint32_t key) {
        const std::uint32_t level_slot = level_at(sides_[side_index], key);
        Level &level = levels_[level_slot];
        std::uint32_t slot = orders_free_;
        const Order order{reference, shares, level_slot, level.last, 0, side_index};
        if (slot) { orders_free_ = orders_[slot].behind; orders_[slot] = order; }
        else { slot = orders_.size(); orders_.push_back(order); }
        if (level.last) orders_[level.last].behind = slot; else level.first = slot;
        level.last = slot;
        level.orders++;
        level.shares += shares;
        table_[find(reference)] = {reference, slot};
    }

    void reduce(std::size_t at, std::uint32_t shares) {
        const std::uint32_t slot = table_[at].slot;
        Order &order = orders_[slot];
        Level &level = levels_[order.level];
        order.shares -= shares;
        level.shares -= shares;
        if (order.shares) return;
        if (order.ahead) orders_[order.ahead].behind = order.behind; else level.first = order.behind;
        if (order.behind) orders_[order.behind].ahead = order.ahead; else level.last = order.ahead;
        if (--level.orders == 0) {
            Side &side = sides_[order.side];
            std::size_t rung = side.size() - 1;
            while (side[rung].key != level.key) rung--;
            side.erase(side.begin() + rung);
            level.first = levels_free_;
            levels_free_ = order.level;
        }
        order.behind = orders_free_;
        orders_free_ = slot;
        forget(at);
    }

    std::vector<Order> orders_;
    std::vector<Level> levels_;
    std::vector<Side> sides_;
    std::vector<Entry> table_;
    std::size_t mask_;
    std::uint32_t orders_free_ = 0, levels_free_ = 0;
    std::uint64_t volume_ = 0;
};

}  // namespace

extern "C" {
void *twin_new(std::int64_t stocks, std::int64_t orders) { return new Books(stocks, orders); }
std::int64_t twin_feed(void *books, const std::uint8_t *stream, std::int64_t size) { return static_cast<Books *>(books)->feed(stream, size); }
std::uint64_t twin_digest(void *books) { return static_cast<Books *>(books)->digest(); }
void twin_free(void *books) { delete static_cast<Books *>(books); }
}
