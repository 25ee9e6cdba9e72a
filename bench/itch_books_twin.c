/* Order-by-order books in C, for comparison: what a good hand writes first.
 *
 * Open addressing by the low bits of the reference with backward-shift deletion, a sorted array of levels a side with
 * the best at its end, a FIFO of orders a level. No prefetching, no checks: the stream is known to be good.
 * twin_new(stocks, orders) makes empty books; twin_feed applies a stream; twin_digest sums what rests.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint64_t reference; uint32_t shares, level, ahead, behind; uint32_t side; } Order;
typedef struct { uint64_t shares; uint32_t key, orders, first, last; } Level;
typedef struct { uint32_t key, level; } Rung;
typedef struct { Rung *rungs; uint32_t levels, room; } Side;
typedef struct { uint64_t reference; uint32_t slot; } Entry;
typedef struct {
    Order *orders; Level *levels; Side *sides; Entry *table; uint64_t mask;
    uint32_t orders_used, orders_free, levels_used, levels_free; uint64_t orders_room, levels_room, trades, volume;
} Books;

static uint16_t be16(const uint8_t *p) { uint16_t v; memcpy(&v, p, 2); return __builtin_bswap16(v); }
static uint32_t be32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return __builtin_bswap32(v); }
static uint64_t be64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return __builtin_bswap64(v); }

Books *twin_new(int64_t stocks, int64_t orders) {
    Books *b = calloc(1, sizeof *b);
    uint64_t room = 4;
    while (room < 2 * (uint64_t)orders) room *= 2;
    b->mask = room - 1; b->orders_room = orders + 1; b->levels_room = orders + 1;
    b->table = calloc(room, sizeof(Entry));
    b->orders = calloc(b->orders_room, sizeof(Order));
    b->levels = calloc(b->levels_room, sizeof(Level));
    b->sides = calloc(2 * (stocks + 1), sizeof(Side));
    for (int64_t k = 0; k < 2 * (stocks + 1); k++) { b->sides[k].room = 4; b->sides[k].rungs = malloc(4 * sizeof(Rung)); }
    b->orders_used = b->levels_used = 1;
    return b;
}

void twin_free(Books *b, int64_t stocks) {
    for (int64_t k = 0; k < 2 * (stocks + 1); k++) free(b->sides[k].rungs);
    free(b->table); free(b->orders); free(b->levels); free(b->sides); free(b);
}

static uint64_t find(Books *b, uint64_t reference) {
    uint64_t at = reference & b->mask;
    while (b->table[at].slot && b->table[at].reference != reference) at = (at + 1) & b->mask;
    return at;
}

static void forget(Books *b, uint64_t at) {
    uint64_t next = at;
    for (;;) {
        next = (next + 1) & b->mask;
        if (!b->table[next].slot) break;
        uint64_t home = b->table[next].reference & b->mask;
        if (((next - home) & b->mask) >= ((next - at) & b->mask)) { b->table[at] = b->table[next]; at = next; }
    }
    b->table[at].slot = 0;
}

static void rest(Books *b, uint32_t side_index, uint64_t reference, uint32_t shares, uint32_t key) {
    Side *side = &b->sides[side_index];
    uint32_t at = side->levels;
    while (at && side->rungs[at - 1].key > key) at--;
    uint32_t level_slot;
    if (at && side->rungs[at - 1].key == key) level_slot = side->rungs[at - 1].level;
    else {
        if (side->levels == side->room) { side->room *= 2; side->rungs = realloc(side->rungs, side->room * sizeof(Rung)); }
        level_slot = b->levels_free;
        if (level_slot) b->levels_free = b->levels[level_slot].first; else level_slot = b->levels_used++;
        b->levels[level_slot] = (Level){0, key, 0, 0, 0};
        memmove(&side->rungs[at + 1], &side->rungs[at], (side->levels - at) * sizeof(Rung));
        side->rungs[at] = (Rung){key, level_slot};
        side->levels++;
    }
    uint32_t slot = b->orders_free;
    if (slot) b->orders_free = b->orders[slot].behind; else slot = b->orders_used++;
    Level *level = &b->levels[level_slot];
    b->orders[slot] = (Order){reference, shares, level_slot, level->last, 0, side_index};
    if (level->last) b->orders[level->last].behind = slot; else level->first = slot;
    level->last = slot; level->orders++; level->shares += shares;
    b->table[find(b, reference)] = (Entry){reference, slot};
}

static void reduce(Books *b, uint64_t at, uint32_t shares) {
    uint32_t slot = b->table[at].slot;
    Order *order = &b->orders[slot];
    Level *level = &b->levels[order->level];
    order->shares -= shares; level->shares -= shares;
    if (order->shares) return;
    if (order->ahead) b->orders[order->ahead].behind = order->behind; else level->first = order->behind;
    if (order->behind) b->orders[order->behind].ahead = order->ahead; else level->last = order->ahead;
    if (--level->orders == 0) {
        Side *side = &b->sides[order->side];
        uint32_t k = side->levels - 1;
        while (side->rungs[k].key != level->key) k--;
        memmove(&side->rungs[k], &side->rungs[k + 1], (side->levels - k - 1) * sizeof(Rung));
        side->levels--;
        level->first = b->levels_free; b->levels_free = order->level;
    }
    order->behind = b->orders_free; b->orders_free = slot;
    forget(b, at);
}

int64_t twin_feed(Books *b, const uint8_t *stream, int64_t size) {
    int64_t messages = 0;
    for (int64_t at = 0; at < size; at += 2 + be16(stream + at), messages++) {
        const uint8_t *m = stream + at + 2, *body = m + 11;
        uint64_t entry;
        switch (m[0]) {
        case 'A': case 'F': {
            uint32_t ask = body[8] != 'B', price = be32(body + 21);
            rest(b, 2 * be16(m + 1) + ask, be64(body), be32(body + 9), ask ? ~price : price);
            break; }
        case 'D': entry = find(b, be64(body)); reduce(b, entry, b->orders[b->table[entry].slot].shares); break;
        case 'X': reduce(b, find(b, be64(body)), be32(body + 8)); break;
        case 'E': case 'C': b->trades++; b->volume += be32(body + 8); reduce(b, find(b, be64(body)), be32(body + 8)); break;
        case 'U': {
            entry = find(b, be64(body));
            Order *order = &b->orders[b->table[entry].slot];
            uint32_t side = order->side, price = be32(body + 20);
            reduce(b, entry, order->shares);
            rest(b, side, be64(body + 8), be32(body + 16), side & 1 ? ~price : price);
            break; }
        case 'P': b->trades++; b->volume += be32(body + 9); break;
        }
    }
    return messages;
}

/* Sum of (key + 1) * shares + orders over all levels, modulo 2^64. */
uint64_t twin_digest(Books *b, int64_t stocks) {
    uint64_t sum = 0;
    for (int64_t k = 0; k < 2 * (stocks + 1); k++)
        for (uint32_t r = 0; r < b->sides[k].levels; r++) {
            Level *level = &b->levels[b->sides[k].rungs[r].level];
            sum += (level->key + 1ull) * level->shares + level->orders;
        }
    return sum;
}
