using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Transformers.Batching;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>Lets ML.NET run a <see cref="BatchMapper"/> row by row, which is what a prediction engine does.</summary>
internal static class RowMapping
{
    /// <summary>The schema after the mapper's columns are appended; columns of the same names are hidden.</summary>
    public static DataViewSchema OutputSchema(DataViewSchema inputSchema, BatchMapper mapper)
        => new ColumnBindings(inputSchema, mapper.OutputColumns).Schema;

    /// <summary>A mapper of single rows.</summary>
    /// <param name="env">The environment of <paramref name="transformer"/>.</param>
    /// <param name="transformer">Who maps.</param>
    /// <param name="inputSchema">The schema of the rows.</param>
    /// <param name="bind">Binds the transformer to a schema.</param>
    public static IRowToRowMapper Create(
        IHostEnvironment env, ITransformer transformer, DataViewSchema inputSchema, Func<DataViewSchema, BatchMapper> bind)
    {
        return new RowToRowMapperTransform(env, new EmptyDataView(env, inputSchema), Bind(inputSchema), Bind);

        IRowMapper Bind(DataViewSchema schema) => new SingleRowMapper(transformer, bind(schema), schema);
    }

    /// <summary>A <see cref="BatchMapper"/> as ML.NET's row mapper: every row is a batch of its own.</summary>
    private sealed class SingleRowMapper(ITransformer transformer, BatchMapper mapper, DataViewSchema inputSchema) : IRowMapper
    {
        public DataViewSchema.DetachedColumn[] GetOutputColumns() => mapper.OutputColumns;

        public Func<int, bool> GetDependencies(Func<int, bool> activeOutput)
        {
            bool any = Enumerable.Range(0, mapper.OutputColumns.Length).Any(activeOutput);
            bool[] needed = [.. inputSchema.Select(c => any && mapper.DependsOn(c.Index, activeOutput))];
            return column => needed[column];
        }

        public Delegate[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action disposer)
        {
            var getters = new Delegate[mapper.OutputColumns.Length];
            disposer = () => { };
            if (!Enumerable.Range(0, getters.Length).Any(activeOutput))
                return getters;

            RowBatch batch = mapper.CreateBatch(input, activeOutput, capacity: 1);
            disposer = batch.Dispose;
            long position = -1;
            for (int i = 0; i < getters.Length; i++)
                if (activeOutput(i))
                    getters[i] = batch.CreateGetter(i, ReadCurrentRow);
            return getters;

            int ReadCurrentRow()
            {
                if (position != input.Position)
                {
                    batch.ReadRow(0);
                    batch.Begin(1);
                    position = input.Position;
                }
                return 0;
            }
        }

        public ITransformer GetTransformer() => transformer;

        public void Save(ModelSaveContext ctx) => transformer.Save(ctx);
    }
}
