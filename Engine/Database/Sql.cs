using Npgsql;
using NpgsqlTypes;

namespace Engram.Engine.Database;

/// <summary>Typed positional parameters. Values never enter SQL text.</summary>
internal static class Sql
{
    public static NpgsqlParameter Uuid(Guid value) => new NpgsqlParameter<Guid> { TypedValue = value };

    public static NpgsqlParameter Uuid(Guid? value) => Nullable(value, NpgsqlDbType.Uuid);

    public static NpgsqlParameter Uuids(Guid[] values) => new NpgsqlParameter<Guid[]> { TypedValue = values };

    public static NpgsqlParameter Text(string value) => new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text };

    public static NpgsqlParameter NullableText(string? value) => Nullable(value, NpgsqlDbType.Text);

    public static NpgsqlParameter Texts(string[] values) =>
        new NpgsqlParameter<string[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    public static NpgsqlParameter NullableTexts(string[]? values) => Nullable(values, NpgsqlDbType.Array | NpgsqlDbType.Text);

    public static NpgsqlParameter Json(string value) => new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Jsonb };

    public static NpgsqlParameter NullableJson(string? value) => Nullable(value, NpgsqlDbType.Jsonb);

    public static NpgsqlParameter Bytes(byte[] value) => new NpgsqlParameter<byte[]> { TypedValue = value };

    public static NpgsqlParameter NullableBytes(byte[]? value) => Nullable(value, NpgsqlDbType.Bytea);

    public static NpgsqlParameter Int(int value) => new NpgsqlParameter<int> { TypedValue = value };

    public static NpgsqlParameter NullableInt(int? value) => Nullable(value, NpgsqlDbType.Integer);

    public static NpgsqlParameter Ints(int[] values) => new NpgsqlParameter<int[]> { TypedValue = values };

    public static NpgsqlParameter Long(long value) => new NpgsqlParameter<long> { TypedValue = value };

    public static NpgsqlParameter NullableLong(long? value) => Nullable(value, NpgsqlDbType.Bigint);

    public static NpgsqlParameter Real(float value) => new NpgsqlParameter<float> { TypedValue = value };

    public static NpgsqlParameter Reals(float[] values) => new NpgsqlParameter<float[]> { TypedValue = values };

    public static NpgsqlParameter Bool(bool value) => new NpgsqlParameter<bool> { TypedValue = value };

    public static NpgsqlParameter Date(DateOnly value) => new NpgsqlParameter<DateOnly> { TypedValue = value };

    public static NpgsqlParameter Time(DateTimeOffset value) => new NpgsqlParameter<DateTime> { TypedValue = value.UtcDateTime };

    public static NpgsqlParameter Time(DateTimeOffset? value) => Nullable(value?.UtcDateTime, NpgsqlDbType.TimestampTz);

    public static NpgsqlParameter Interval(TimeSpan value) => new NpgsqlParameter<TimeSpan> { TypedValue = value };

    public static NpgsqlParameter Double(double value) => new NpgsqlParameter<double> { TypedValue = value };

    private static NpgsqlParameter Nullable(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
