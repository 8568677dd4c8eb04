using Engram.Engine.Keys;

namespace Engram.Engine.Tests.Keys;

public class ApiKeyFormatTests
{
    [Fact]
    public void A_generated_key_is_well_formed_and_unlike_the_next_one()
    {
        var keys = Enumerable.Range(0, 1_000).Select(_ => ApiKeyFormat.Generate()).ToHashSet();

        Assert.Equal(1_000, keys.Count);
        Assert.All(keys, key => Assert.True(ApiKeyFormat.IsWellFormed(key), key));
        Assert.All(keys, key => Assert.Equal(ApiKeyFormat.Length, key.Length));
    }

    [Fact]
    public void The_secret_part_carries_all_256_bits()
    {
        // 62^43 is just above 2^256: the largest secret must still fit, and differ from its neighbour.
        var all = Enumerable.Repeat((byte)0xFF, 32).ToArray();
        var neighbour = all.ToArray();
        neighbour[0] = 0xFE;

        Assert.True(ApiKeyFormat.IsWellFormed(ApiKeyFormat.Encode(all)));
        Assert.NotEqual(ApiKeyFormat.Encode(all), ApiKeyFormat.Encode(neighbour));
        Assert.Equal("eng_live_" + new string('0', 43), ApiKeyFormat.Encode(new byte[32])[..52]);
    }

    [Fact]
    public void Every_single_character_change_is_found()
    {
        var key = ApiKeyFormat.Generate();
        for (var i = 0; i < key.Length; i++)
        {
            var changed = key.ToCharArray();
            changed[i] = changed[i] == 'x' ? 'y' : 'x';
            Assert.False(ApiKeyFormat.IsWellFormed(changed), $"change at {i}");
        }
    }

    [Fact]
    public void Two_swapped_neighbours_are_found()
    {
        var key = ApiKeyFormat.Generate();
        for (var i = 0; i + 1 < key.Length; i++)
        {
            if (key[i] == key[i + 1])
            {
                continue;
            }

            var changed = key.ToCharArray();
            (changed[i], changed[i + 1]) = (changed[i + 1], changed[i]);
            Assert.False(ApiKeyFormat.IsWellFormed(changed), $"swap at {i}");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("eng_live_")]
    [InlineData("eng_test_0000000000000000000000000000000000000000000000000")]
    [InlineData("eng_live_0000000000000000000000000000000000000000000éééééé")]
    public void Text_that_is_no_key_is_refused(string text) => Assert.False(ApiKeyFormat.IsWellFormed(text));

    [Fact]
    public void The_display_prefix_is_short_and_never_the_key()
    {
        var key = ApiKeyFormat.Generate();

        Assert.Equal(key[..15], ApiKeyFormat.DisplayPrefix(key));
        Assert.Equal("abc", ApiKeyFormat.DisplayPrefix("abc"));
    }
}
