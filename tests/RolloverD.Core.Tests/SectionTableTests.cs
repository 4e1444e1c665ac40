using System.Text.RegularExpressions;
using RolloverD.Tests.Shared;
using Xunit;

namespace RolloverD.Core.Tests;

/// <summary>
/// Every section of an RFC that the code cites stands in the table of src/README.md, with the files that cite it.
/// </summary>
public sealed partial class SectionTableTests
{
    private const string Begin = "<!-- sections -->";
    private const string End = "<!-- end of sections -->";

    [Fact]
    public void The_table_tells_every_cited_section()
    {
        string file = Path.Combine(Repository.Root, "src", "README.md");
        string page = File.ReadAllText(file);
        string table = $"{Begin}\n| section | where |\n|---|---|\n{Rows()}{End}";
        string wanted = page[..page.IndexOf(Begin, StringComparison.Ordinal)] + table
            + page[(page.IndexOf(End, StringComparison.Ordinal) + End.Length)..];
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
            File.WriteAllText(file, wanted);
        else
            Assert.Equal(wanted, page);
    }

    private static string Rows()
    {
        var sections = new SortedDictionary<(int Rfc, string SortKey, string Section), SortedSet<string>>();
        foreach (string file in Repository.Sources("src", "providers"))
        {
            foreach (Match cited in Citation().Matches(File.ReadAllText(file)))
            {
                foreach (Match section in Number().Matches(cited.Groups[2].Value))
                {
                    string number = section.Value[1..];
                    string sortKey = string.Join('.', number.Split('.').Select(n => n.PadLeft(3, '0')));
                    var key = (int.Parse(cited.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture),
                        sortKey, number);
                    if (!sections.TryGetValue(key, out SortedSet<string>? files))
                        sections[key] = files = new(StringComparer.Ordinal);
                    files.Add(Path.GetFileNameWithoutExtension(file));
                }
            }
        }

        return string.Concat(
            sections.Select(s => $"| RFC {s.Key.Rfc} §{s.Key.Section} | {string.Join(", ", s.Value)} |\n"));
    }

    [GeneratedRegex(@"RFC (\d+) (§\d+(?:\.\d+)*(?:(?:,| and| or) §\d+(?:\.\d+)*)*)")]
    private static partial Regex Citation();

    [GeneratedRegex(@"§\d+(?:\.\d+)*")]
    private static partial Regex Number();
}
