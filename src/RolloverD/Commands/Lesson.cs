using System.CommandLine;
using System.Runtime.CompilerServices;

namespace RolloverD.Commands;

/// <summary>What the help of a command teaches beyond its description.</summary>
/// <param name="Examples">Command lines, without the program's name, each with what it is for.</param>
/// <param name="ExitCodes">The codes that matter, each with what it means here.</param>
internal sealed record Lesson((string Line, string For)[] Examples, (int Code, string Means)[] ExitCodes)
{
    /// <summary>Of a command that shows something of the certificates and changes nothing.</summary>
    public static readonly (int Code, string Means)[] CodesOfShowing =
    [
        (ExitCode.Good, "shown"),
        (ExitCode.Usage, "no such certificate"),
        (ExitCode.Unavailable, "the state directory cannot be used"),
        (ExitCode.Configuration, "the configuration is wrong"),
    ];

    private static readonly ConditionalWeakTable<Command, Lesson> Lessons = [];

    /// <summary>The lesson of a command, if it has one.</summary>
    public static Lesson? Of(Command command) => Lessons.TryGetValue(command, out Lesson? lesson) ? lesson : null;

    /// <summary>Gives a command its lesson.</summary>
    public static void Teach(Command command, Lesson lesson) => Lessons.Add(command, lesson);
}
