namespace Engram.Engine.Extraction.Rules;

/// <summary>Where a clause puts what it tells, seen from the event time. It chooses among the dates that return: "in May", "on Friday".</summary>
internal enum Tense : byte
{
    /// <summary>Told in the present or without a tense: the nearest date, for a weekday the last.</summary>
    Open,
    Past,
    Coming,
}
