namespace RolloverD.Lab.Tests;

/// <summary>What a command printed and how it ended.</summary>
public sealed record Result(int ExitCode, string Output, string Error);
