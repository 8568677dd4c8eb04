using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Makes a small stylesheet of a Radzen theme: the rules whose classes all belong to the parts that are wanted, and of the theme's variables those
/// that are used. A browser paints nothing before its stylesheets are read, and a whole theme is 780 KB for some sixty components.
/// Compiled by MSBuild into a task; nothing of it gets into the portal.
/// </summary>
public sealed class WriteRadzenTheme : Task
{
    /// <summary>The theme's own stylesheets, in their order.</summary>
    [Required]
    public ITaskItem[] Sources { get; set; }

    /// <summary>The portal's stylesheets: the variables they use stay.</summary>
    [Required]
    public ITaskItem[] Users { get; set; }

    /// <summary>Classes that stay: "rz-button" means .rz-button and .rz-button-…, "=rz-light" means .rz-light alone.</summary>
    [Required]
    public string Parts { get; set; }

    /// <summary>Where the theme's fonts are, seen from the destination.</summary>
    [Required]
    public string Fonts { get; set; }

    [Required]
    public string Destination { get; set; }

    private Regex kept;

    public override bool Execute()
    {
        kept = new Regex("^(" + string.Join("|", Parts.Split(';').Select(part => part.Trim()).Where(part => part.Length > 0)
            .Select(part => part[0] == '=' ? Regex.Escape(part.Substring(1)) : Regex.Escape(part) + "(-.*)?")) + ")$");
        var rules = string.Concat(Sources.Select(source => RulesOf(File.ReadAllText(source.ItemSpec).TrimStart('\uFEFF'))));
        rules = rules.Replace("\"../fonts/", "\"" + Fonts);
        rules = WithoutUnusedFrames(WithoutUnusedVariables(rules, string.Concat(Users.Select(user => File.ReadAllText(user.ItemSpec)))));
        Directory.CreateDirectory(Path.GetDirectoryName(Destination));
        // Written beside and moved: a build that is stopped here leaves no half file behind.
        var unfinished = Destination + "." + Guid.NewGuid().ToString("N");
        File.WriteAllText(unfinished, rules, new UTF8Encoding(false));
        if (File.Exists(Destination))
        {
            File.Delete(Destination);
        }
        File.Move(unfinished, Destination);
        return true;
    }

    private string RulesOf(string css)
    {
        var rules = new StringBuilder();
        foreach (var rule in Blocks(css))
        {
            var (head, body) = (rule.Key, rule.Value);
            if (Regex.IsMatch(head, "^@(media|supports|container)"))
            {
                body = RulesOf(body);
            }
            else if (head[0] != '@')
            {
                head = string.Join(",", Regex.Split(head, @",(?![^()]*\))").Where(IsWanted));
            }
            if (head.Length > 0 && body.Length > 0)
            {
                rules.Append(head).Append('{').Append(body).Append('}');
            }
        }
        return rules.ToString();
    }

    /// <summary>A selector without a class of the theme is for the page as a whole; one with the classes of another library is for that.</summary>
    private bool IsWanted(string selector)
    {
        var classes = Regex.Matches(selector, @"\.([A-Za-z][\w-]*)").Cast<Match>().Select(match => match.Groups[1].Value).ToArray();
        return classes.All(name => kept.IsMatch(name));
    }

    private static string WithoutUnusedVariables(string css, string users)
    {
        var values = new Dictionary<string, List<string>>();
        foreach (var rule in Blocks(css).Where(rule => IsRoot(rule.Key)))
        {
            foreach (var declaration in Declarations(rule.Value).Where(each => each.StartsWith("--", StringComparison.Ordinal)))
            {
                var colon = declaration.IndexOf(':');
                var name = declaration.Substring(0, colon);
                if (!values.ContainsKey(name))
                {
                    values[name] = new List<string>();
                }
                values[name].Add(declaration.Substring(colon + 1));
            }
        }
        var rest = string.Concat(Blocks(css).Where(rule => !IsRoot(rule.Key)).Select(rule => rule.Value));
        var open = new Stack<string>(UsedBy(rest).Concat(UsedBy(users)));
        var used = new HashSet<string>();
        while (open.Count > 0)
        {
            var name = open.Pop();
            if (used.Add(name) && values.ContainsKey(name))
            {
                foreach (var next in values[name].SelectMany(UsedBy))
                {
                    open.Push(next);
                }
            }
        }
        return string.Concat(Blocks(css).Select(rule => rule.Key + "{"
            + (IsRoot(rule.Key)
                ? string.Join(";", Declarations(rule.Value).Where(each => !each.StartsWith("--", StringComparison.Ordinal) || used.Contains(each.Substring(0, each.IndexOf(':')))))
                : rule.Value)
            + "}"));
    }

    private static string WithoutUnusedFrames(string css)
    {
        var rest = string.Concat(Blocks(css).Where(rule => !rule.Key.StartsWith("@keyframes", StringComparison.Ordinal)).Select(rule => rule.Value));
        return string.Concat(Blocks(css)
            .Where(rule => !rule.Key.StartsWith("@keyframes", StringComparison.Ordinal)
                || Regex.IsMatch(rest, @"(?<![\w-])" + Regex.Escape(rule.Key.Substring("@keyframes".Length).Trim()) + @"(?![\w-])"))
            .Select(rule => rule.Key + "{" + rule.Value + "}"));
    }

    private static bool IsRoot(string head) => head.StartsWith(":root", StringComparison.Ordinal);

    private static IEnumerable<string> UsedBy(string css) => Regex.Matches(css, @"var\(\s*(--[\w-]+)").Cast<Match>().Select(match => match.Groups[1].Value);

    // A value may hold a semicolon only in brackets or quotes, as in url("data:…;base64,…").
    private static IEnumerable<string> Declarations(string body) =>
        Regex.Matches(body, @"(?:[^;()""]|\((?:[^()""]|""[^""]*""|\([^()]*\))*\)|""[^""]*"")+").Cast<Match>().Select(match => match.Value.Trim()).Where(each => each.Contains(':'));

    /// <summary>The rules of one level, head and body; the theme is minified and has no comments. What is no rule (@charset, @import) is left out.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Blocks(string css)
    {
        var at = 0;
        while (true)
        {
            var open = css.IndexOf('{', at);
            if (open < 0)
            {
                yield break;
            }
            var depth = 1;
            var end = open + 1;
            for (; depth > 0; end++)
            {
                depth += css[end] == '{' ? 1 : css[end] == '}' ? -1 : 0;
            }
            var head = css.Substring(at, open - at);
            yield return new KeyValuePair<string, string>(head.Substring(head.LastIndexOf(';') + 1).Trim(), css.Substring(open + 1, end - open - 2));
            at = end;
        }
    }
}
