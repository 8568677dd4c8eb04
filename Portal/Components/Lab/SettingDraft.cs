using System.Globalization;

namespace Engram.Portal.Components.Lab;

/// <summary>A setting as a person types it.</summary>
public sealed class SettingDraft
{
    public string TopK { get; set; } = "";

    public string MinSimilarity { get; set; } = "";

    public string AsOf { get; set; } = "";

    public bool Answer { get; set; }

    public static SettingDraft Of(LabSetting setting) => new()
    {
        TopK = setting.TopK.ToString(CultureInfo.InvariantCulture),
        MinSimilarity = setting.MinSimilarity?.ToString("0.###", CultureInfo.InvariantCulture) ?? "",
        AsOf = setting.AsOf?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "",
        Answer = setting.Answer,
    };

    public LabSetting ToSetting() => LabSetting.Of(TopK, Answer ? null : "no", MinSimilarity, AsOf);
}
