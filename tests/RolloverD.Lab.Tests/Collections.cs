namespace RolloverD.Lab.Tests;

/// <summary>One lab at a time: two cores carry one rollover under traffic, not several.</summary>
[CollectionDefinition("lab", DisableParallelization = true)]
public sealed class LabCollection;
