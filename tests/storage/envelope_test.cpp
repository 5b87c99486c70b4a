// The bytes around nodes and heads: what is packed is unpacked, and any other bytes are refused, not believed.

#include <storage/head_envelope.hpp>
#include <storage/node_envelope.hpp>

#include "storage_kinds.hpp"

namespace coppice::testing {
namespace {

TEST(NodeEnvelope, UnpacksWhatItPackedAndShrinksWhatShrinks) {
    random_source random(test_seed());
    for (const auto codec : {node_codec::none, node_codec::lz4, node_codec::zstd}) {
        for (const std::size_t length : {0U, 1U, 7U, 8U, 100U, 4096U, 70'000U}) {
            for (const unsigned letters : {1U, 4U, 256U}) {
                const auto payload = random_bytes(random, length, letters);
                std::string envelope;
                pack_node(envelope, payload, codec, 1);
                EXPECT_EQ(unpack_node(envelope), payload);
                EXPECT_LE(envelope.size(), payload.size() + 6);
                if (letters == 1 && length >= 4096 && codec != node_codec::none) {
                    EXPECT_LT(envelope.size(), length / 8);
                }
            }
        }
    }
}

// Damage never crashes, never sizes an allocation above the limit, and what it yields fails the seal.
TEST(NodeEnvelope, SurvivesAnyBytes) {
    random_source random(test_seed());
    const auto id = make_node_id(1, 1);
    for (int i = 0; i < 3000; ++i) {
        const auto payload = random_bytes(random, random.below(3000), 6);
        std::string envelope;
        pack_node(envelope, payload, random.one_in(2) ? node_codec::lz4 : node_codec::zstd, 1);
        const auto at = random.below(envelope.size() * 8);
        envelope[at / 8] = static_cast<char>(envelope[at / 8] ^ (1 << (at % 8)));
        if (random.one_in(3)) { envelope.resize(random.below(envelope.size())); }
        const auto unpacked = unpack_node(envelope);
        if (unpacked && *unpacked != payload) { EXPECT_FALSE(seal_matches(id, *unpacked, seal_of(id, payload))); }
        (void)unpack_node(random_bytes(random, random.below(60)));
    }
    std::string bomb("\2", 1);
    append_varint(bomb, node_bytes_max + 1);
    EXPECT_EQ(unpack_node(bomb + std::string(100, 'x')), std::nullopt);
}

TEST(Seal, ChangesWithTheIdAndWithEveryBit) {
    const std::string payload(500, 'a');
    const auto id = make_node_id(3, 812);
    EXPECT_EQ(seal_of(id, payload) & seal_references_bit, 0U);
    EXPECT_NE(seal_of(id, payload), seal_of(make_node_id(3, 813), payload));
    EXPECT_NE(seal_of(id, payload), seal_of(make_node_id(4, 812), payload));
    EXPECT_EQ(to_string(id), "node 3:812");
    for (std::size_t bit = 0; bit < payload.size() * 8; ++bit) {
        auto flipped = payload;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_NE(seal_of(id, flipped), seal_of(id, payload));
    }
}

TEST(HeadEnvelope, RefusesEveryFlippedBitAndAnotherName) {
    const auto envelope = pack_head("main", "the head", 7);
    const auto state = unpack_head("main", envelope);
    ASSERT_TRUE(state);
    EXPECT_EQ(state->bytes, "the head");
    EXPECT_EQ(state->generation, 7U);
    EXPECT_FALSE(unpack_head("other", envelope));
    const auto generations = pack_generations({{"main", 7}, {"x", 1}});
    EXPECT_EQ(unpack_generations(generations), (head_generations{{"main", 7}, {"x", 1}}));
    for (const auto& [bytes, heads] : {std::pair(envelope, true), std::pair(generations, false)}) {
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            auto flipped = bytes;
            flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
            EXPECT_FALSE(heads ? unpack_head("main", flipped).has_value() : unpack_generations(flipped).has_value())
                << bit;
        }
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            EXPECT_FALSE(unpack_head("main", std::string_view(bytes).substr(0, length)));
            EXPECT_FALSE(unpack_generations(std::string_view(bytes).substr(0, length)));
        }
    }
}

}  // namespace
}  // namespace coppice::testing
