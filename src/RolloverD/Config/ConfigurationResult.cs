using System.Collections.Immutable;
using System.Globalization;
using RolloverD.Core.Policy;

namespace RolloverD.Config;

/// <summary>What came of reading the configuration.</summary>
public abstract record ConfigurationResult
{
    private ConfigurationResult()
    {
    }

    /// <summary>The configuration can be worked with.</summary>
    public sealed record Valid(Desired Desired, ImmutableArray<ConfigurationWarning> Warnings) : ConfigurationResult;

    /// <summary>The configuration cannot be worked with: all that is wrong with it, in the order of the file.</summary>
    public sealed record Invalid(
        ImmutableArray<ConfigurationError> Errors,
        ImmutableArray<ConfigurationWarning> Warnings) : ConfigurationResult;
}

/// <summary>Something to say about one place of the configuration.</summary>
/// <param name="File">The file; or, for a value from the environment, the variable's name.</param>
/// <param name="Line">Counted from 1; 0 when the whole file, or a variable, is meant.</param>
/// <param name="Column">Counted from 1; 0 when the whole file, or a variable, is meant.</param>
/// <param name="Key">The key, <c>certificates.mx1.tlsa[0]</c>; empty where no key is concerned.</param>
/// <param name="Message">What is wrong, and why.</param>
/// <param name="Remedy">What to do about it.</param>
public abstract record ConfigurationFinding(
    string File, int Line, int Column, string Key, string Message, string Remedy)
{
    /// <summary>One line: <c>file:line:column: key: message; remedy</c>.</summary>
    public sealed override string ToString()
    {
        string place = Line > 0 ? string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}") : File;
        return Key.Length > 0 ? $"{place}: {Key}: {Message}; {Remedy}" : $"{place}: {Message}; {Remedy}";
    }
}

/// <summary>Something that keeps RolloverD from starting.</summary>
public sealed record ConfigurationError(
    string File, int Line, int Column, string Key, string Message, string Remedy)
    : ConfigurationFinding(File, Line, Column, Key, Message, Remedy);

/// <summary>Something that works, but perhaps not as the operator thinks.</summary>
public sealed record ConfigurationWarning(
    string File, int Line, int Column, string Key, string Message, string Remedy)
    : ConfigurationFinding(File, Line, Column, Key, Message, Remedy);
